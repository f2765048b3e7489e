"""What the commands that look at one graph of a recipe begin with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aetherist.cli.failures import UsageError

if TYPE_CHECKING:
    from aetherist.core.check import Report
    from aetherist.core.graph import Graph

USUAL = "generate"


def checked(recipe: str, profile: str | None, overrides: list[str] | None) -> Report:
    """Check a recipe and raise its errors, if it has any."""
    from aetherist.core.check import check

    report = check(recipe, profile=profile, overrides=overrides or [])
    report.raise_for_errors()
    return report


def graph_name(names: Iterable[str], asked: str | None, owner: str) -> str:
    """Return the name of the graph to look at: the one asked for, ``generate``, or the first."""
    from aetherist.core.errors import did_you_mean

    names = list(names)
    if asked is not None:
        if asked not in names:
            raise UsageError(f"{owner} has no graph '{asked}'; {did_you_mean(asked, names)}")
        return asked
    if not names:
        raise UsageError(f"{owner} has no graphs")
    return USUAL if USUAL in names else names[0]


def graph_of(report: Report, asked: str | None) -> Graph:
    """Return the graph to look at."""
    return report.graphs[graph_name(report.graphs, asked, report.recipe.name)]


def sizes_of(written: list[str] | None) -> dict[str, int]:
    """Read ``NAME=NUMBER`` sizes."""
    sizes = {}
    for text in written or []:
        name, equals, number = text.partition("=")
        if not equals or not number.isdigit() or int(number) < 1:
            raise UsageError(f"--size {text}: write NAME=NUMBER, as in N=4096")
        sizes[name.strip()] = int(number)
    return sizes
