"""``aetherist check``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from aetherist.cli.console import show, write
from aetherist.cli.options import Overrides, Profile

if TYPE_CHECKING:
    from aetherist.core.errors import Diagnostic


def check(
    recipes: list[str],
    /,
    *,
    level: Literal["static", "dry"] = "static",
    device: Literal["cpu", "cuda"] = "cpu",
    format: Literal["text", "json", "github"] = "text",
    profile: Profile = None,
    override: Overrides = None,
) -> int:
    """Find everything that is wrong with recipes.

    The static level reads names, settings, wiring, types, meanings and shapes, and builds nothing. The dry level then
    builds the real modules under fake tensors and runs every graph at two sizes, for a device that need not be there.

    Exits with 0 if there are no errors, 1 if there are, 2 if a recipe cannot be read.

    Args:
        recipes: Names, files or model folders.
        level: How far to go.
        device: What the dry level pretends to run on.
        format: `text` shows the lines at fault; `json` is one list of diagnostics; `github` annotates a pull request.
    """
    from aetherist.cli.diagnostics import annotation, render
    from aetherist.cli.failures import exit_code

    everything: dict[Diagnostic, None] = {}
    worst = 0
    for recipe in recipes:
        found, texts, label, errors = _checked(recipe, level, device, profile, override or [])
        worst = max(worst, exit_code(errors) if errors else 0)
        everything.update(dict.fromkeys(found))
        if format == "text":
            for diagnostic in found:
                show(render(diagnostic, texts), "")
            show(_summary(found, label))
    if format == "json":
        write(json.dumps([diagnostic.to_dict() for diagnostic in everything], indent=2) + "\n")
    elif format == "github":
        write("".join(annotation(diagnostic) + "\n" for diagnostic in everything))
    return worst


def _checked(
    recipe: str, level: Literal["static", "dry"], device: str, profile: str | None, overrides: list[str]
) -> tuple[list[Diagnostic], dict[str, str], str, list[Diagnostic]]:
    """Return what was found, the texts it was found in, what to call the recipe, and the errors among the findings."""
    from aetherist.core.check import check
    from aetherist.core.errors import Diagnostic, RecipeError, Severity

    try:
        report = check(recipe, level, device=device, profile=profile, overrides=overrides)
    except RecipeError as error:
        found = list(error.diagnostics)
        return found, {}, recipe, found
    found = report.diagnostics
    if report.recipe.spec.training is not None:
        from aetherist.graphs.training import check_training

        found = sorted([*found, *check_training(report)], key=Diagnostic.sort_key)
    texts = report.recipe.texts
    errors = [d for d in found if d.severity is Severity.ERROR]
    return found, texts, next(iter(texts), recipe), errors


def _summary(found: list[Diagnostic], label: str) -> Text:
    from aetherist.cli.diagnostics import STYLES, count

    worst = next((s for s in STYLES if any(d.severity.value == s for d in found)), None)
    style = STYLES[worst] if worst else "bold green"
    return Text.assemble((count(found), style), f" in {label}")
