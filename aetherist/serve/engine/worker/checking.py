"""Checks recipes from outside: without files, without the environment, and without running anything of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aetherist.core.check import Report, check
from aetherist.core.errors import Diagnostic, RecipeError, Severity
from aetherist.core.recipe import Recipe
from aetherist.serve.engine.errors import Refused
from aetherist.serve.engine.messages import Settings
from aetherist.serve.engine.work import CheckRecipe
from aetherist.serve.engine.worker.costs import OPERATIONS, SECONDS, as_data, costs, too_costly
from aetherist.serve.engine.worker.drawing import drawn
from aetherist.serve.engine.worker.tokens import Token, Watched

FILE = "recipe.yaml"
"""What the text of a recipe from outside is called where its lines are told."""

MOST = 200
"""Diagnostics that are told; a text of thousands of faults has no use for all of them."""

TOO_COSTLY = "too_costly"
"""The code of a diagnostic that says a graph costs more than this server allows: no fault of the recipe itself."""


def read(text: str, overrides: Iterable[str] = ()) -> Recipe:
    """Compose a recipe from outside: it may extend recipes that ship, and name components; nothing else.

    Raises:
        RecipeError: If there is nothing to speak of.
    """
    return Recipe.read(FILE, text=text, overrides=overrides, trusted=False)


def check_recipe(work: CheckRecipe, token: Token, settings: Settings) -> dict[str, Any]:
    """Return what is wrong with a recipe, and its graphs to draw; at the level ``dry`` also what they cost.

    Raises:
        Refused: ``too_costly`` where the check itself takes too much.
    """
    try:
        recipe = read(work.text, work.overrides)
    except RecipeError as error:
        return _answer(list(error.diagnostics), [], [])
    token.check()
    found: list[Diagnostic] = []
    reckoned = []
    with Watched(token, OPERATIONS, SECONDS, "checking this recipe"):
        report = check(recipe, work.level)
    if recipe.spec.training is not None:
        found += _training(report)
    if work.level == "dry" and report.ok:
        for name in report.graphs:
            token.check()
            fault, cost = _afforded(report, name, token, settings)
            found += fault
            reckoned += cost
    graphs = [drawn(graph, recipe, FILE) for graph in report.graphs.values()]
    return _answer([*report.diagnostics, *found], graphs, reckoned, recipe.name)


def _afforded(
    report: Report, name: str, token: Token, settings: Settings
) -> tuple[list[Diagnostic], list[dict[str, Any]]]:
    """Return what is too costly in a graph, as diagnostics, and its costs where they can be told."""
    try:
        cost = costs(report.graphs[name], token)
    except Refused as error:
        return [_fault(report.recipe, name, str(error))], []
    return [_fault(report.recipe, name, text) for text in too_costly(cost, settings)], [as_data(cost)]


def _fault(recipe: Recipe, graph: str, text: str) -> Diagnostic:
    return recipe.fault(TOO_COSTLY, text, "graphs", graph, of_key=True)


def _training(report: Report) -> list[Diagnostic]:
    from aetherist.graphs.training import check_training

    return check_training(report)


def _answer(
    found: list[Diagnostic], graphs: list[dict[str, Any]], reckoned: list[dict[str, Any]], name: str = ""
) -> dict[str, Any]:
    found = sorted(found, key=Diagnostic.sort_key)
    return {
        "ok": not any(diagnostic.severity is Severity.ERROR for diagnostic in found),
        "name": name,
        "diagnostics": [diagnostic.to_dict() for diagnostic in found[:MOST]],
        "graphs": graphs,
        "costs": reckoned,
    }
