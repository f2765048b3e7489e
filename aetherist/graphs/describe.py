"""What a graph costs, told without running it: parameters, arithmetic and memory of every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from aetherist.core.graph import Graph, Step
from aetherist.core.plan import Plan
from aetherist.graphs.live import LiveMemory, size_of
from aetherist.graphs.samples import OPEN_SIZE, open_axes, sample_inputs
from aetherist.graphs.stepwise import Stepwise


@attrs.frozen
class StepCost:
    """What one step needs.

    Attributes:
        name: The step.
        part: The component of the recipe.
        calls: What it calls, as the recipe writes it.
        type: The component's registered name.
        outputs: Each output's type, shapes solved.
        parameters: Of the component.
        repeated: Whether an earlier step calls the same component, whose parameters then count once.
        flops: Floating-point operations of its matrix products and convolutions; a multiply-add is two.
        output_bytes: What the step hands on.
        peak_bytes: The most that is alive at once while it runs, beside what came in and the parameters.
    """

    name: str
    part: str
    calls: str
    type: str
    outputs: dict[str, str]
    parameters: int
    repeated: bool
    flops: int
    output_bytes: int
    peak_bytes: int


@attrs.frozen
class GraphCost:
    """What a graph needs at one batch size, step by step, and in all.

    ``peak_bytes`` is of activations: inputs, and what steps hold until its last use; parameters come on top.
    """

    graph: str
    batch: int
    sizes: dict[str, int]
    steps: list[StepCost]
    parameters: int
    parameter_bytes: int
    flops: int
    peak_bytes: int


def describe(graph: Graph, *, batch: int = 1, sizes: Mapping[str, int] | None = None) -> GraphCost:
    """Run a graph's real modules under fake tensors, for inference in float32, and count.

    Args:
        graph: Checked, so that its shapes are solved.
        batch: The size of ``B``.
        sizes: Sizes of other axes that the recipe leaves open, by name; 64 otherwise.

    Raises:
        ValueError: If ``sizes`` names an axis that is not open.
    """
    inputs = sample_inputs(graph, batch=batch, sizes=sizes)
    costs: list[StepCost] = []
    memory = LiveMemory()
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad():
        modules = {name: part.build().eval() for name, part in graph.parts.items()}
        fake = {name: mode.from_tensor(v) if isinstance(v, torch.Tensor) else v for name, v in inputs.items()}
        memory.ignore([tensor for module in modules.values() for tensor in module.state_dict(keep_vars=True).values()])
        memory.hold(fake)
        peaks = []

        def measure(step: Step, run: Callable[[], Any]) -> Any:
            before = memory.restart()
            with FlopCounterMode(display=False) as counter:
                result = run()
            peaks.append(memory.peak)
            repeated = any(cost.part == step.part.name for cost in costs)
            parameters = sum(p.numel() for p in modules[step.part.name].parameters())
            flops = counter.get_total_flops()
            costs.append(_cost(step, parameters, repeated, flops, size_of(result), memory.peak - before))
            return result

        plan = Plan.build(graph, modules)
        with memory:
            Stepwise(plan, measure)(fake)
    parameters = [p for module in modules.values() for p in module.parameters()]
    return GraphCost(
        graph.name,
        batch,
        {name: (sizes or {}).get(name, OPEN_SIZE) for name in open_axes(graph)},
        costs,
        sum(p.numel() for p in parameters),
        sum(p.numel() * p.element_size() for p in parameters),
        sum(cost.flops for cost in costs),
        max(peaks, default=0),
    )


def _cost(step: Step, parameters: int, repeated: bool, flops: int, output: int, peak: int) -> StepCost:
    outputs = {name: str(type_) for name, type_ in step.outputs.items()}
    kind = step.part.cls.component_name
    return StepCost(step.name, step.part.name, step.calls, kind, outputs, parameters, repeated, flops, output, peak)
