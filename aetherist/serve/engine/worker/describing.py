"""What is to know of a model before anything is asked of it."""

from __future__ import annotations

import math
from typing import Any

from aetherist.avatars.model import AvatarModel
from aetherist.components.styles import Direction
from aetherist.core.dims import Dim
from aetherist.graphs.generate import picture_type


def describe(model: AvatarModel, name: str) -> dict[str, Any]:
    """Return a model's facts, JSON-ready, under the ``name`` that the server has for it."""
    graphs = model.model.report.graphs
    given = graphs["map"].inputs
    components = model.model.components.values()
    return {
        "name": name,
        "digest": model.digest,
        "recipe": model.model.recipe.name,
        "text": model.model.recipe.to_yaml(),
        "trained": model.model.manifest is not None,
        "device": str(model.device),
        "parameters": sum(p.numel() for module in components for p in module.parameters()),
        "resolution": _side(model, "image") or 0,
        "outputs": _pictures(model),
        "editable": model.directions is not None,
        "style_shape": list(model.style_shape),
        "latent_dim": model.latent_dim,
        "stage": {
            "radius": model.stage.radius,
            "pivot": list(model.stage.pivot),
            "focal": model.stage.focal,
            "fov": math.degrees(2 * math.atan(0.5 / model.stage.focal)),
        },
        "graphs": list(graphs),
        "steps": {name: list(graph.steps) for name, graph in graphs.items()},
        "psi": float(given["psi"].default) if "psi" in given else 1.0,
        "truncation": "psi" in given,
        "cutoff": "cutoff" in given,
        "field": "field" in graphs,
        "sizes": {output: _side(model, output) for output in _pictures(model)},
        "directions": [_direction(each) for each in model.directions.directions] if model.directions else [],
    }


def _pictures(model: AvatarModel) -> list[str]:
    """Return the outputs of the graph ``show`` that are pictures."""
    found = []
    for output in model.model.report.graphs["show"].outputs:
        try:
            picture_type(model.model.report.graphs["show"], output)
        except ValueError:
            continue
        found.append(output)
    return found


def _side(model: AvatarModel, output: str) -> int | None:
    types = model.model.report.graphs["show"].output_types
    axis = types[output].shape.axes[-1] if output in types and types[output].shape.axes else None
    return axis.constant if isinstance(axis, Dim) else None


def _direction(direction: Direction) -> dict[str, Any]:
    """Return a direction; ``axis`` is the part of an attribute that has several, which ``group`` then names."""
    return {
        "name": direction.name,
        "attribute": direction.attribute,
        "axis": direction.part or None,
        "range": list(direction.range) if direction.range is not None else None,
        "step": direction.step,
        "description": direction.unit,
        "group": direction.attribute if direction.part else None,
        "layers": list(direction.layers) if direction.layers is not None else None,
        "quality": dict(direction.quality),
    }
