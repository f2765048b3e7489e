"""Runs a plan one step at a time, so that each step can be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import fx

from aetherist.core.graph import Step
from aetherist.core.plan import Plan

Around = Callable[[Step, Callable[[], Any]], Any]


class Stepwise(fx.Interpreter):
    """Walks a plan's module and hands every step, unevaluated, to ``around``, which evaluates it.

    Values are dropped after their last use, as in the generated code.
    """

    def __init__(self, plan: Plan, around: Around) -> None:
        super().__init__(plan.module)
        self.plan = plan
        self.around = around

    def __call__(self, inputs: Mapping[str, Any]) -> Any:
        """Run the plan on inputs by name; those with defaults may be left out."""
        given = self.plan.graph.inputs
        return self.run(*[inputs.get(name, given[name].default) for name in given])

    def run_node(self, n: fx.Node) -> Any:
        """Evaluate a node, through ``around`` if it is a step's call."""
        step = self.plan.steps.get(n.name) if n.op in ("call_module", "call_method") else None
        if step is None:
            return super().run_node(n)
        return self.around(step, lambda: super(Stepwise, self).run_node(n))
