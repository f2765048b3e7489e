"""The limits that the page on recipes gives are those of the code."""

from __future__ import annotations

from aetherist.base import document
from aetherist.core import config, dims, interpolation, wiring
from tests.docs.pages import page

LIMITS = {
    "size of one file": document.MAX_BYTES,
    "nesting": document.MAX_DEPTH,
    "values, aliases expanded": document.MAX_NODES,
    "digits of an integer": document.MAX_DIGITS,
    "levels of `extends`": config.MAX_LEVELS,
    "what one `${...}` expands to": interpolation.MAX_EXPANSION,
    "what all of them expand to": interpolation.MAX_TOTAL,
    "a `${...}` that leads to another, and so on": interpolation.MAX_CHAIN,
    "steps of all graphs together, nested graphs inlined": wiring.MAX_STEPS,
    "graphs inside graphs": wiring.MAX_NESTING,
    "text of a shape": dims.MAX_TEXT,
}


def test_the_limits_are_those_of_the_code() -> None:
    text = page("recipes.md").text
    for what, limit in LIMITS.items():
        assert f"| {what} | {limit:,}" in text
