"""What a training runs while nothing grows: its phases, and the graph that its pictures come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.amp import GradScaler

from aetherist.core.graph import Graph
from aetherist.graphs.model import Model
from aetherist.graphs.training.controls import Controls
from aetherist.graphs.training.data import OTHER, Dataset
from aetherist.graphs.training.distributed import World
from aetherist.graphs.training.feeds import Feeder
from aetherist.graphs.training.phases import Phase
from aetherist.graphs.training.reading import component_sizes
from aetherist.graphs.training.snapshots import NAME, snapshot_feeds, snapshot_outputs
from aetherist.graphs.training.spec import Feed, TrainingSpec


def frozen(part: nn.Module) -> bool:
    """Return whether a component came with weights that it lets nobody change: a network that losses look with."""
    parameters = list(part.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


class Stage:
    """Phases and snapshot graph of a model whose components have their present settings.

    Attributes:
        phases: By name, in order.
        shown: The snapshot graph, pruned to what is drawn, if the recipe has it.
        shown_feeder: What makes its inputs.
    """

    def __init__(
        self,
        spec: TrainingSpec,
        model: Model,
        controls: Controls,
        scalers: Mapping[str, GradScaler],
        world: World,
        device: torch.device,
    ) -> None:
        for part in model.components.values():
            part.train()
        sizes = component_sizes(spec, model.report)

        def feeder_of(name: str, feeds: Mapping[str, Feed]) -> Callable[[Graph], Feeder]:
            return lambda graph: Feeder(name, graph, feeds, seed=spec.seed, device=device, sizes=sizes)

        self.phases = {
            name: Phase(
                name,
                spec,
                model.report.graphs[phase.graph],
                model.components,
                make_feeder=feeder_of(name, spec.feeds_of(name)),
                watched=controls.watched(name),
                scaler=scalers[name],
                world=world,
                device=device,
            )
            for name, phase in spec.phases.items()
        }
        self.shown: Graph | None = None
        self.shown_feeder: Feeder | None = None
        graph = model.report.graphs.get(spec.snapshots.graph)
        outputs = snapshot_outputs(spec.snapshots, graph) if graph is not None else []
        if graph is not None and outputs:
            self.shown = graph.select(outputs)
            self.shown_feeder = feeder_of(NAME, snapshot_feeds(spec, self.shown))(self.shown)

    def fields(self, data: Dataset) -> set[str]:
        """Return the fields that the feeds want of the data.

        Raises:
            ValueError: If the data has not all of them.
        """
        feeders = [phase.feeder for phase in self.phases.values()]
        if self.shown_feeder is not None:
            feeders.append(self.shown_feeder)
        wanted: set[str] = set().union(*(feeder.fields() for feeder in feeders))
        for field in sorted({name.removeprefix(OTHER) for name in wanted} - set(data.fields)):
            raise ValueError(f"the recipe feeds the field '{field}'; the data has {', '.join(sorted(data.fields))}")
        return wanted
