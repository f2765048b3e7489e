"""What a graph costs: exact counts, and memory that follows from how steps work."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from jaxtyping import Float
from pydantic import PositiveInt
from torch import Tensor, nn

from aetherist.core import Component, ComponentConfig, operation
from aetherist.core.check import check
from aetherist.core.graph import Graph
from aetherist.core.registry import Registry
from aetherist.graphs.describe import describe
from aetherist.graphs.live import LiveMemory, size_of

registry = Registry()


@registry.component("cost.linear")
class Linear(Component):
    """Multiply by a matrix."""

    class Config(ComponentConfig):
        """Width."""

        width: PositiveInt = 8

    def __init__(self, config: ComponentConfig) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.ones(self.config.width, self.config.width))

    def forward(self, x: Float[Tensor, "B N width"]) -> Float[Tensor, "B N width"]:
        return x @ self.weight

    @operation
    def wasteful(self, x: Float[Tensor, "B N width"]) -> Float[Tensor, "B N width"]:
        return torch.stack([x, x, x]).sum(0)


RECIPE: dict[str, Any] = {
    "name": "cost",
    "components": {"a": {"type": "cost.linear"}, "b": {"type": "cost.linear"}},
    "graphs": {
        "g": {
            "inputs": {"x": "Float[B N 8]"},
            "steps": {
                "first": {"call": "a", "with": {"x": "x"}},
                "second": {"call": "b", "with": {"x": "first"}},
                "third": {"call": "a.wasteful", "with": {"x": "second"}},
            },
            "outputs": {"y": "third"},
        }
    },
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    report = check(RECIPE, registry=registry)
    report.raise_for_errors()
    return report.graphs["g"]


def test_counts_are_exact(graph):
    cost = describe(graph, batch=2, sizes={"N": 10})
    first, second, third = cost.steps
    tensor = 2 * 10 * 8 * 4
    assert (first.name, first.calls, first.type, first.outputs) == (
        "first",
        "a",
        "cost.linear",
        {"output": 'Float["B N 8"]'},
    )
    assert first.flops == second.flops == 2 * (2 * 10) * 8 * 8
    assert (first.output_bytes, first.peak_bytes) == (tensor, tensor)
    assert (third.calls, third.flops) == ("a.wasteful", 0)
    assert (third.output_bytes, third.peak_bytes) == (tensor, 4 * tensor)
    assert (cost.batch, cost.sizes) == (2, {"N": 10})
    assert cost.flops == first.flops + second.flops


def test_a_component_that_is_called_twice_counts_once(graph):
    cost = describe(graph)
    assert [step.repeated for step in cost.steps] == [False, False, True]
    assert (cost.parameters, cost.parameter_bytes) == (2 * 64, 2 * 64 * 4)
    assert cost.sizes == {"N": 64}


def test_memory_grows_with_the_batch(graph):
    assert describe(graph, batch=4).peak_bytes == 4 * describe(graph, batch=1).peak_bytes


def test_an_axis_that_is_not_open_is_named(graph):
    with pytest.raises(ValueError, match="graph 'g' leaves no axis 'M' open; known: N"):
        describe(graph, sizes={"M": 3})


def test_tiles_of_rays_bound_the_memory_of_rendering():
    peaks = []
    for chunk in (64, 256):
        report = check("tiny", overrides=[f"components.renderer.chunk={chunk}"])
        view = next(step for step in describe(report.graphs["generate"]).steps if step.name == "view")
        peaks.append(view.peak_bytes)
    assert peaks[0] < peaks[1] / 2


def test_live_memory_counts_storages_while_they_live():
    given = torch.ones(1000)
    with LiveMemory() as memory:
        memory.hold(given)
        assert memory.live == 4000
        made = given * 2
        view = made.view(10, 100)
        assert memory.live == 8000
        made += 1
        del made
        assert memory.live == 8000
        del view
        assert (memory.live, memory.peak) == (4000, 8000)
        assert memory.restart() == 4000
        assert memory.peak == 4000


def test_live_memory_leaves_out_what_it_is_told_to():
    weight = torch.ones(1000)
    with LiveMemory() as memory:
        memory.ignore([weight])
        view = weight.view(10, 100)
        assert memory.live == 0
        assert size_of([view, weight]) == 4000
