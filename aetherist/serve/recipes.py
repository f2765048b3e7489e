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
    """A recipe that ships: as it is written, and as it composes."""

    name: str
    text: str
    composed: str

    @property
    def summary(self) -> str:
        """What its first comment says."""
        for line in self.text.splitlines():
            words = line.removeprefix("#").strip()
            if line.startswith("#") and words and "$schema" not in words:
                return words
        return ""


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
    return Shipped(name, file.read_text("utf-8"), Recipe.read(file).to_yaml())


@cache
def _files() -> dict[str, Path]:
    return {file.stem: file for file in recipe_folders()[-1].glob("*.yaml")}
