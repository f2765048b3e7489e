"""What a training takes, told before it starts: parameters, memory, arithmetic, and the time that follows."""

from __future__ import annotations

import time
from typing import Any

import attrs
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from torch.utils.flop_counter import flop_registry

from aetherist.core.check import Report
from aetherist.core.component import Component
from aetherist.core.plan import Plan
from aetherist.graphs.live import LiveMemory
from aetherist.graphs.samples import sample_inputs
from aetherist.graphs.training.controls import Controls
from aetherist.graphs.training.optimizers import parameters_of
from aetherist.graphs.training.phases import evaluated
from aetherist.graphs.training.reading import averaged_components
from aetherist.graphs.training.spec import OptimizerSpec, TrainingSpec
from aetherist.graphs.training.standins import standing_in


@attrs.frozen
class PhaseCost:
    """What one run of a phase takes, forward and back.

    Attributes:
        name: The phase.
        every: In which steps it runs.
        flops: Of matrix products and convolutions, for the whole batch; a multiply-add is two.
        peak_bytes: The most that one process holds at once, beside what it always holds.
    """

    name: str
    every: int
    flops: int
    peak_bytes: int


@attrs.frozen
class TrainingCost:
    """What a training takes.

    Attributes:
        parameters: Of each component, in number.
        weight_bytes: Of all weights and buffers.
        average_bytes: Of their moving averages.
        optimizer_bytes: Of the gradients and of what optimizers keep.
        phases: One by one.
        batch_size: Images a step.
    """

    parameters: dict[str, int]
    weight_bytes: int
    average_bytes: int
    optimizer_bytes: int
    phases: list[PhaseCost]
    batch_size: int

    @property
    def memory(self) -> int:
        """Bytes of the device in all."""
        held = self.weight_bytes + self.average_bytes + self.optimizer_bytes
        return held + max(phase.peak_bytes for phase in self.phases)

    @property
    def flops_per_image(self) -> float:
        """Operations for one image, averaged over a round of steps."""
        return sum(phase.flops / phase.every for phase in self.phases) / self.batch_size


def training_cost(report: Report, spec: TrainingSpec, processes: int = 1) -> TrainingCost:
    """Run every phase's real modules under fake tensors, forward and back, and count; nothing is allocated.

    Sizes that neither the recipe nor its feeds fix count as 64. Half precision is counted as if it were full.

    Args:
        report: Of the recipe, checked.
        spec: Of its training.
        processes: How many share a batch.
    """
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        parts = {name: part.build() for name, part in report.parts.items()}
        phases = [_phase(name, report, spec, parts, mode, processes) for name in spec.phases]
    averaged = averaged_components(spec, report)
    kept = 0
    for phase in spec.phases.values():
        if isinstance(phase.optimizer, OptimizerSpec):
            copies = 2 if phase.optimizer.type == "sgd" else 3  # the gradient, and one or two averages
            kept += copies * _bytes(parameters_of(parts, phase.update))
    return TrainingCost(
        {
            name: sum(p.numel() for p in part.parameters())
            for name, part in parts.items()
            if next(part.parameters(), None) is not None
        },
        sum(_bytes(_state(part)) for part in parts.values()),
        sum(_bytes(_state(parts[name])) for name in averaged),
        kept,
        phases,
        spec.batch_size,
    )


def _phase(
    name: str,
    report: Report,
    spec: TrainingSpec,
    parts: dict[str, Component],
    mode: FakeTensorMode,
    processes: int,
) -> PhaseCost:
    phase = spec.phases[name]
    modules = standing_in(parts, recomputed=phase.checkpoint_activations, device=torch.device("cpu"))
    graph = report.graphs[phase.graph]
    plan = Plan.build(graph, modules, evaluated(phase, graph, Controls(spec.controls).watched(name)))
    plan.checks = "off"
    times = processes * spec.accumulate
    rows = max(spec.batch_size // times, 1)
    sizes = {key: size for feed in spec.feeds_of(name).values() for key, size in getattr(feed, "sizes", {}).items()}
    open_here = {str(symbol) for given in plan.graph.inputs.values() for symbol in given.type.shape.symbols}
    drawn = sample_inputs(plan.graph, batch=rows, sizes={k: v for k, v in sizes.items() if k in open_here})
    inputs = {key: mode.from_tensor(v) if isinstance(v, Tensor) else v for key, v in drawn.items()}
    for key, part in parts.items():
        part.requires_grad_(key in phase.update)
    meter = Meter()
    meter.ignore([tensor for part in parts.values() for tensor in _state(part)])
    meter.hold(inputs)
    with meter:
        outputs = plan(**inputs)
        torch.autograd.grad(outputs[phase.minimise], parameters_of(parts, phase.update), allow_unused=True)
    return PhaseCost(name, phase.every, meter.flops * times, meter.peak)


class Meter(LiveMemory):  # type: ignore[no-untyped-call]
    """Counts bytes and operations; unlike PyTorch's own counter of operations it lets graphs differentiate within."""

    flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation by PyTorch's table."""
        result = super().__torch_dispatch__(func, types, args, kwargs)
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        return result


def measured_rate(device: torch.device, seconds: float = 0.5) -> float:
    """Return how many operations a second a device does in convolutions of a usual size, forward and back."""
    x = torch.randn(4, 128, 64, 64, device=device)
    weight = torch.randn(128, 128, 3, 3, device=device, requires_grad=True)
    work = 3 * 2 * weight.numel() * x.shape[0] * x.shape[2] * x.shape[3]

    def once() -> None:
        torch.autograd.grad(F.conv2d(x.requires_grad_(), weight, padding=1).sum(), [x, weight])
        if device.type != "cpu":
            torch.accelerator.synchronize(device)

    once()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        once()
        count += 1
    return work * count / (time.perf_counter() - start)


def _state(part: Component) -> list[Tensor]:
    return list(part.state_dict(keep_vars=True).values())


def _bytes(tensors: list[Tensor] | list[torch.nn.Parameter]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
