"""Recipes that ship: named, never as a path."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import attrs

from aetherist.core.config import recipe_folders
from aetherist.core.recipe import Recipe
from aetherist.serve.problems import Problem


@attrs.frozen
class Shipped:
    """A recipe that ships: what it is, as it is written, and as it composes."""

    name: str
    description: str
    text: str
    composed: str


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(_files())


@cache
def shipped(name: str) -> Shipped:
    """Return a recipe that ships.

    Raises:
        Problem: ``unknown_recipe``.
    """
    file = _files().get(name)
    if file is None:
        raise Problem("unknown_recipe", f"there is no recipe of this name; there are {', '.join(recipe_names())}")
    recipe = Recipe.read(file)
    return Shipped(name, recipe.spec.description, file.read_text("utf-8"), recipe.to_yaml())


def written(name: str, composed: str) -> str:
    """Return the text of the recipe that ships under a name if it composes so, or else ``composed``."""
    if name in _files() and shipped(name).composed == composed:
        return shipped(name).text
    return composed


@cache
def _files() -> dict[str, Path]:
    return {file.stem: file for file in recipe_folders()[-1].glob("*.yaml")}
