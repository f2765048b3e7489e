"""From the map under ``training:`` to its schema, every fault with its place in the file."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from aetherist.base.document import Node, dotted
from aetherist.base.document import Path as Place
from aetherist.core.check import Report
from aetherist.core.errors import Diagnostic, RecipeError, Severity, did_you_mean
from aetherist.core.recipe import Recipe
from aetherist.graphs.training import spec as schema
from aetherist.graphs.training.spec import FieldFeed, TrainingSpec

SECTION = "training"


def parse_training(recipe: Recipe) -> tuple[TrainingSpec | None, list[Diagnostic]]:
    """Return what a recipe says of training, or ``None`` and why that cannot be read."""
    if recipe.spec.training is None:
        return None, []
    try:
        return TrainingSpec.model_validate(recipe.spec.training), []
    except ValidationError as error:
        faults = [_fault(recipe, item) for item in error.errors()]
        return None, list(dict.fromkeys(faults))


def read_training(report: Report) -> TrainingSpec:
    """Return what a checked recipe says of training.

    Raises:
        RecipeError: If it says nothing, or something is wrong with it; all of that at once.
    """
    from aetherist.graphs.training.checking import check_training

    errors = [found for found in check_training(report) if found.severity is Severity.ERROR]
    if errors:
        raise RecipeError(errors)
    spec, _ = parse_training(report.recipe)
    if spec is None:
        fault = report.recipe.fault("AE701", f"the recipe '{report.recipe.name}' does not say how it is trained")
        raise RecipeError([fault])
    return spec


def averaged_components(spec: TrainingSpec, report: Report) -> list[str]:
    """Return the components that moving averages are kept of."""
    if spec.ema is None:
        return []
    if spec.ema.components is not None:
        return spec.ema.components
    updated = dict.fromkeys(name for phase in spec.phases.values() for name in phase.update)
    graph = report.graphs.get(spec.snapshots.graph)
    return [name for name in updated if graph is None or name in graph.parts]


def component_sizes(spec: TrainingSpec, report: Report) -> dict[str, int]:
    """Return what the texts under ``size:`` stand for: settings of components as they are now."""
    feeds = [*spec.feeds.values(), *(feed for phase in spec.phases.values() for feed in phase.feeds.values())]
    feeds += spec.snapshots.feeds.values()
    texts = {feed.size for feed in feeds if isinstance(feed, FieldFeed) and isinstance(feed.size, str)}
    return {text: size for text in texts if (size := setting(report, text)) is not None}


def setting(report: Report, path: str) -> int | None:
    """Return a whole-numbered setting of a component, such as ``rays.resolution``; ``None`` if there is none."""
    name, *rest = path.split(".")
    value: Any = report.parts[name].config if name in report.parts and rest else None
    for key in rest:
        value = getattr(getattr(value, "config", value), key, None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _fault(recipe: Recipe, item: Any) -> Diagnostic:
    place = _place(recipe.root, item)
    if item["type"] == "extra_forbidden":
        notes = (did_you_mean(str(place[-1]), _keys(item)),)
        return recipe.fault("AE105", f"'{place[-1]}' is no key here", *place, of_key=True, notes=notes)
    if item["type"] == "missing":
        *around, last = place
        return recipe.fault("AE106", f"'{last}' is missing", *around, of_key=True, fix=f"add {last}: ...")
    message = re.sub(r"^(Value error|Assertion failed), ", "", item["msg"])
    message = re.sub(r"valid dictionary( or instance of \w+)?", "map", message)
    given = item.get("input")
    shown = str(given) if not isinstance(given, str) else f"'{given}'"
    return recipe.fault("AE107", f"{shown[:60]} does not fit '{dotted(place[1:]) or SECTION}': {message}", *place)


def _place(root: Node, item: Any) -> Place:
    """Return where a fault stands: the schema's path without the tags of its unions, which are not in the file."""
    *around, last = item["loc"]
    place: Place = (SECTION,)
    for part in around:
        if root.find((*place, part)) is not None:
            place = (*place, part)
    absent = item["type"] == "missing"
    return (*place, last) if absent or root.find((*place, last)) is not None else place


def _keys(item: Any) -> list[str]:
    """Return the keys that may stand beside an unknown one: those of the models whose maps have its neighbours."""
    model: Any = TrainingSpec
    for part in item["loc"][:-1]:
        model = _inner(model, str(part))
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(model: type[BaseModel], key: str) -> type[BaseModel]:
    """Return the model of what stands under a key or tag; the same one where the key is a free name."""
    named: dict[str, type[BaseModel]] = {
        "ema": schema.EmaSpec,
        "data": schema.DataSpec,
        "controls": schema.ControlSpec,
        "grow": schema.GrowSpec,
        "phases": schema.PhaseSpec,
        "snapshots": schema.SnapshotSpec,
        "checkpoints": schema.CheckpointSpec,
        "draw": schema.DrawFeed,
        "field": schema.FieldFeed,
        "control": schema.ControlFeed,
        "own": schema.OptimizerSpec,
        "schedule": schema.BySchedule.__origin__,  # type: ignore[attr-defined]
    }
    return named.get(key, model)
