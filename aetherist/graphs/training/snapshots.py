"""What a training shows on the way: pictures at fixed seeds, and models that can be opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from aetherist.core.check import Report
from aetherist.core.graph import Graph
from aetherist.core.plan import Plan
from aetherist.core.recipe import Recipe
from aetherist.core.weights import save_model
from aetherist.graphs.training.data import Rows
from aetherist.graphs.training.events import Pictured
from aetherist.graphs.training.feeds import Feeder, Moment
from aetherist.graphs.training.spec import Feed, SnapshotSpec, TrainingSpec

NAME = "snapshots"


def snapshot_feeds(spec: TrainingSpec, graph: Graph) -> dict[str, Feed]:
    """Return how the snapshot graph is fed; inputs with a default keep it unless the snapshots say otherwise."""
    common = {name: feed for name, feed in spec.feeds.items() if name in graph.inputs and graph.inputs[name].required}
    return common | spec.snapshots.feeds


def snapshot_outputs(spec: SnapshotSpec, graph: Graph) -> list[str]:
    """Return which of the wanted outputs the graph has."""
    return [name for name in spec.outputs if name in graph.outputs]


def published(report: Report, spec: SnapshotSpec) -> Recipe:
    """Return the recipe of a model for use: the components of the snapshot graph, and every graph they suffice for.

    What only training needs (discriminators, losses and the networks they look with) is left out.
    """
    if spec.graph not in report.graphs:
        return report.recipe
    parts = report.graphs[spec.graph].parts
    data = report.recipe.plain()
    data.pop("training", None)
    data["components"] = {name: part for name, part in data["components"].items() if name in parts}
    kept = {name for name, graph in report.graphs.items() if graph.parts.keys() <= parts.keys()}
    data["graphs"] = {name: graph for name, graph in data["graphs"].items() if name in kept}
    return Recipe.read(data, trusted=report.recipe.trusted)


def publish(
    path: Path, report: Report, spec: SnapshotSpec, components: Mapping[str, nn.Module], facts: Mapping[str, Any]
) -> None:
    """Write a model for use, with ``facts`` of its training in the manifest."""
    recipe = published(report, spec)
    parts = {name: part for name, part in components.items() if name in recipe.spec.components}
    save_model(path, recipe, parts, metadata={"training": dict(facts)}, overwrite=True, compact=spec.compact)


def draw(
    spec: TrainingSpec,
    graph: Graph,
    components: Mapping[str, nn.Module],
    feeder: Feeder,
    rows: Rows,
    *,
    images: int,
    controls: Mapping[str, float],
    part: int,
) -> Pictured:
    """Return the pictures of the moment: the same draws and the same rows of the data every time.

    Args:
        spec: Of the training.
        graph: Pruned to the outputs that are drawn.
        components: The averaged ones where there are.
        feeder: Of the graph.
        rows: The data.
        images: Images seen.
        controls: The numbers that training steers.
        part: How many pictures are made at once.
    """
    columns, lines = spec.snapshots.grid
    count = columns * lines
    plan = Plan.build(graph, components)
    modes = {module: module.training for module in components.values()}
    plan.eval()
    found: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        for start in range(0, count, part):
            stop = min(start + part, count)
            moment = Moment(0, images, count, slice(start, stop), controls)
            data = default_collate([rows[position] for position in range(start, stop)])
            for name, value in plan(**feeder(moment, data)).items():
                found.setdefault(name, []).append(value.float().cpu())
    for module, mode in modes.items():
        module.train(mode)
    meanings = {name: graph.output_types[name].meaning for name in found}
    return Pictured(images, {name: torch.cat(parts) for name, parts in found.items()}, meanings, columns, lines)
