"""Which steps of a graph take derivatives within it, so that training the graph differentiates twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

from aetherist.core.graph import Graph, Step
from aetherist.core.plan import Plan
from aetherist.graphs.samples import sample_inputs
from aetherist.graphs.stepwise import Stepwise


class _Watch(TorchFunctionMode):
    """Notices calls of ``torch.autograd.grad``."""

    seen = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen = self.seen or func is torch.autograd.grad
        return func(*args, **(kwargs or {}))


def differentiating_steps(graph: Graph) -> list[str]:
    """Run a graph's real modules under fake tensors; return the steps that call ``torch.autograd.grad``."""
    found: list[str] = []

    def around(step: Step, run: Callable[[], Any]) -> Any:
        with _Watch() as watch:
            result = run()
        if watch.seen:
            found.append(step.name)
        return result

    # A graph that cannot be rehearsed is reported by the dry check, which says where and why.
    with suppress(Exception), FakeTensorMode(allow_non_fake_inputs=True) as mode:
        plan = Plan.build(graph, {name: part.build() for name, part in graph.parts.items()})
        inputs = sample_inputs(graph, batch=2)
        Stepwise(plan, around)({k: mode.from_tensor(v) if isinstance(v, Tensor) else v for k, v in inputs.items()})
    return found
