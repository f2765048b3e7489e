"""The passes that a recipe goes through before anything runs, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from aetherist.core.agreement import Agreement
from aetherist.core.draft import Draft
from aetherist.core.errors import Diagnostic, RecipeError, Severity
from aetherist.core.graph import Graph, InputRef, sources
from aetherist.core.order import reached
from aetherist.core.parts import Part
from aetherist.core.recipe import Recipe
from aetherist.core.registry import Registry
from aetherist.core.wiring import Wiring

Level = Literal["static", "dry"]


@attrs.define(eq=False)
class Report:
    """What a check found: every diagnostic by position, and the graphs that are sound."""

    recipe: Recipe
    diagnostics: list[Diagnostic]
    graphs: dict[str, Graph]
    parts: dict[str, Part]

    @property
    def ok(self) -> bool:
        """Whether nothing worse than a warning was found."""
        return not any(d.severity is Severity.ERROR for d in self.diagnostics)

    def raise_for_errors(self) -> None:
        """Raise :class:`RecipeError` with every error, if there is one."""
        errors = [d for d in self.diagnostics if d.severity is Severity.ERROR]
        if errors:
            raise RecipeError(errors)


def check(
    recipe: Recipe | str | Path | Mapping[str, Any],
    level: Level = "static",
    *,
    device: str = "cpu",
    registry: Registry | None = None,
    profile: str | None = None,
    overrides: Iterable[str] = (),
    trusted: bool = True,
) -> Report:
    """Check a recipe and return everything that is wrong with it.

    ``static`` reads names, configs, wiring, types, meanings and symbolic shapes; nothing is built. ``dry`` then builds
    the real modules under fake tensors and runs each graph at two probe sizes, for a device that need not be there.

    Raises:
        RecipeError: If the recipe cannot be read at all.
    """
    if not isinstance(recipe, Recipe):
        recipe = Recipe.read(recipe, profile=profile, overrides=overrides, trusted=trusted)
    wiring = Wiring(recipe, registry)
    found = [*recipe.diagnostics]
    graphs: dict[str, Graph] = {}
    for name in recipe.spec.graphs:
        draft = wiring.draft(name)
        agreement = Agreement(wiring, draft)
        found += agreement.diagnostics
        if draft.sound and not any(d.severity is Severity.ERROR for d in agreement.diagnostics):
            graphs[name] = draft.graph
        found += _unused(recipe, draft)
    found += wiring.diagnostics
    found += _uncalled(recipe, wiring)
    if level == "dry" and graphs:
        from aetherist.core.dryrun import DryRun

        rehearsal = DryRun(recipe, device)
        for graph in graphs.values():
            found += rehearsal.run(graph)
    unique: dict[tuple[Any, ...], Diagnostic] = {}
    for diagnostic in found:  # a graph that others call is checked at every call: its own faults count once
        unique.setdefault((diagnostic.code, diagnostic.where, diagnostic.path, diagnostic.message), diagnostic)
    return Report(recipe, sorted(unique.values(), key=Diagnostic.sort_key), graphs, wiring.parts)


def _unused(recipe: Recipe, draft: Draft) -> list[Diagnostic]:
    """Warn of steps that no output depends on, and of inputs that nothing reads."""
    graph = draft.graph
    place = ("graphs", graph.name)
    if not draft.sound:
        return []
    if not graph.outputs:
        message = f"graph '{graph.name}' has no outputs, so nothing of it would run"
        return [recipe.fault("AE301", message, *place, of_key=True, severity=Severity.WARNING)]
    found = []
    alive = {step.name.partition(".")[0] for step in graph.needed(graph.outputs)}
    written = reached(recipe.spec.graphs[graph.name])
    expanded = {name.partition(".")[0] for name in graph.steps}
    for name in recipe.spec.graphs[graph.name].steps:
        if name not in (alive if name in expanded else written):
            message = f"no output depends on the step '{name}'"
            found.append(recipe.fault("AE301", message, *place, "steps", name, of_key=True, severity=Severity.WARNING))
    wires = [wire for step in graph.steps.values() for wire in step.wires.values()] + list(graph.outputs.values())
    read = {source.name for wire in wires for source in sources(wire) if isinstance(source, InputRef)}
    for name in graph.inputs.keys() - read:
        message = f"nothing reads the input '{name}'"
        found.append(recipe.fault("AE303", message, *place, "inputs", name, of_key=True, severity=Severity.WARNING))
    return found


def _uncalled(recipe: Recipe, wiring: Wiring) -> list[Diagnostic]:
    """Warn of components that no step of any graph calls."""
    called = {step.call.partition(".")[0] for graph in recipe.spec.graphs.values() for step in graph.steps.values()}
    if not called <= recipe.spec.components.keys() | recipe.spec.graphs.keys():
        return []  # a call that names nothing may mean any of them, and is reported itself
    return [
        recipe.fault(
            "AE302", f"no step calls the component '{name}'", "components", name, of_key=True, severity=Severity.WARNING
        )
        for name in wiring.parts
        if name not in called and not any(place[:1] == ("graphs",) for place in recipe.broken)
    ]
