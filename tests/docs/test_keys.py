"""The page on the recipe language lists every key that a recipe may have."""

from __future__ import annotations

import re

from aetherist.core.recipe import RecipeSpec
from tests.docs.pages import page


def test_every_key_of_a_recipe_is_listed() -> None:
    table = re.search(r"^\| Key \| What it holds \|\n([\s\S]*?)\n\n", page("recipes.md").text, re.MULTILINE)
    assert table is not None
    listed = set(re.findall(r"^\| `(\w+)`", table[1], re.MULTILINE))
    assert listed == {*RecipeSpec.model_fields, "extends", "profiles"}
