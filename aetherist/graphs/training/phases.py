"""A phase: one evaluation of a graph, and one step of an optimizer along the gradient of one output."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer
from torch.utils._pytree import tree_map

from aetherist.core.component import Component
from aetherist.core.graph import Graph
from aetherist.core.plan import Plan
from aetherist.graphs.training.distributed import World
from aetherist.graphs.training.errors import NonFiniteError
from aetherist.graphs.training.feeds import Feeder, Moment, Rows
from aetherist.graphs.training.optimizers import parameters_of
from aetherist.graphs.training.schedules import value_at
from aetherist.graphs.training.spec import PhaseSpec, TrainingSpec
from aetherist.graphs.training.standins import standing_in

BEYOND = 1e5
"""What an infinite gradient becomes where gradients are cleaned."""


@attrs.frozen
class Outcome:
    """What a phase did: the mean of each reported output, the mean sign of each watched one, and whether it moved."""

    terms: dict[str, float]
    signs: dict[str, float]
    moved: bool


class Phase:
    """One phase, ready to run.

    Args:
        name: In the recipe.
        spec: Of the whole training.
        graph: Typed, not yet pruned.
        components: The built modules.
        make_feeder: Returns what makes the inputs of the pruned graph.
        watched: Outputs whose mean sign is wanted.
        scaler: Of the gradients; it outlives the phase.
        world: The processes that run it together.
        device: Where.
    """

    def __init__(
        self,
        name: str,
        spec: TrainingSpec,
        graph: Graph,
        components: Mapping[str, Component],
        *,
        make_feeder: Callable[[Graph], Feeder],
        watched: Iterable[str],
        scaler: GradScaler,
        world: World,
        device: torch.device,
    ) -> None:
        self.name, self.training, self.spec = name, spec, spec.phases[name]
        self.components, self.world, self.device = components, world, device
        self.watched = list(watched)
        self.reported = reported(self.spec, graph)
        modules = standing_in(
            components,
            recomputed=self.spec.checkpoint_activations,
            precision=self.spec.precision or spec.precision,
            full=spec.full_precision,
            device=device,
        )
        self.plan = Plan.build(graph, modules, evaluated(self.spec, graph, self.watched))
        self.feeder = make_feeder(self.plan.graph)
        self.scaler = scaler
        self._run: Callable[..., dict[str, Any]] = self.plan
        if self.spec.compile:
            self._run = torch.compile(self.plan.module)

    def due(self, step: int, images: int) -> bool:
        """Return whether the phase runs in a step."""
        over = self.spec.ends is not None and images >= self.spec.ends
        return step % self.spec.every == 0 and images >= self.spec.starts and not over

    def run(self, optimizer: Optimizer, moments: Sequence[Moment], data: Sequence[Rows]) -> Outcome:
        """Evaluate the graph on this process's rows, and move the components.

        Args:
            optimizer: Its learning rate is set.
            moments: One for each part that the rows are taken in.
            data: The fields of each part.

        Raises:
            NonFiniteError: If what is minimised is not finite on any process and that is to stop the training; no
                component is changed.
        """
        for name, component in self.components.items():
            component.requires_grad_(name in self.spec.update)
        optimizer.zero_grad(set_to_none=True)
        parameters = parameters_of(self.components, self.spec.update)
        images = moments[0].images
        gain = value_at(self.spec.weight, images) * (self.spec.every if self.spec.lazy else 1) / len(moments)
        results: list[dict[str, Any]] = []
        for moment, rows in zip(moments, data, strict=True):
            outputs = self._run(**self.feeder(moment, rows))
            loss = outputs[self.spec.minimise] * gain
            torch.autograd.backward(self.scaler.scale(loss), inputs=parameters)
            results.append(_detached(outputs))
        self.plan.checks = "shapes"  # values are looked into once; looking waits for the device
        outcome = self._measured(results)
        if not math.isfinite(outcome.terms[self.spec.minimise]):
            if self.training.nonfinite == "stop":
                raise NonFiniteError(self.name, moments[0].step, images, self.spec.minimise, outcome.terms)
            return attrs.evolve(outcome, moved=False)
        self._move(optimizer, parameters)
        self._after(results)
        return outcome

    def _measured(self, results: Sequence[Mapping[str, Any]]) -> Outcome:
        """Average what is reported over the parts and the processes; the device is waited for once."""
        named: dict[tuple[str, str], list[Tensor]] = {}
        for outputs in results:
            for name in self.reported:
                for key, value in _scalars(name, outputs[name]):
                    named.setdefault(("term", key), []).append(value.float().mean())
            for name in self.watched:
                named.setdefault(("sign", name), []).append(outputs[name].float().sign().mean())
        together = torch.stack([torch.stack(values).mean() for values in named.values()])
        numbers = dict(zip(named, self.world.mean(together).tolist(), strict=True))
        terms = {name: value for (kind, name), value in numbers.items() if kind == "term"}
        signs = {f"{self.name}.{name}": value for (kind, name), value in numbers.items() if kind == "sign"}
        return Outcome(terms, signs, True)

    def _move(self, optimizer: Optimizer, parameters: list[nn.Parameter]) -> None:
        for name in self.spec.update:
            self.world.average(p.grad for p in self.components[name].parameters() if p.grad is not None)
        self.scaler.unscale_(optimizer)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.training.clean_gradients:
            for gradient in gradients:
                torch.nan_to_num(gradient, nan=0.0, posinf=BEYOND, neginf=-BEYOND, out=gradient)
        if self.spec.clip is not None:
            nn.utils.clip_grad_norm_(parameters, self.spec.clip)
        self.scaler.step(optimizer)
        self.scaler.update()

    def _after(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Call what is to be called with outputs, on the whole share of this process; then let the buffers agree."""
        for called, output in self.spec.after.items():
            name, _, method = called.partition(".")
            getattr(self.components[name], method)(torch.cat([outputs[output] for outputs in results]))
            self.world.average(b for b in self.components[name].buffers() if b.is_floating_point())


def reported(spec: PhaseSpec, graph: Graph) -> list[str]:
    """Return the outputs whose means are recorded, what is minimised first."""
    if spec.report is not None:
        names = spec.report
    else:
        names = [name for name, type_ in graph.output_types.items() if _is_scalar(type_)]
    return [spec.minimise, *(name for name in names if name != spec.minimise)]


def evaluated(spec: PhaseSpec, graph: Graph, watched: Iterable[str]) -> list[str]:
    """Return the outputs that a phase asks its graph for."""
    return list(dict.fromkeys([*reported(spec, graph), *watched, *spec.after.values()]))


def _is_scalar(type_: Any) -> bool:
    inner = type_.item or type_
    return inner.kind == "tensor" and not inner.shape.axes


def _scalars(name: str, value: Any) -> list[tuple[str, Tensor]]:
    """Return the tensors of an output under names: a dict's and a list's after it."""
    if isinstance(value, Mapping):
        return [(f"{name}.{key}", part) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return [(f"{name}.{index}", part) for index, part in enumerate(value)]
    return [(name, value)]


def _detached(outputs: Mapping[str, Any]) -> dict[str, Any]:
    detached: dict[str, Any] = tree_map(lambda v: v.detach() if isinstance(v, Tensor) else v, dict(outputs))
    return detached
