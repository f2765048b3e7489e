"""A graph cut in two: what some inputs determine, and the rest, which together are the graph."""

from __future__ import annotations

import pytest
import torch

from aetherist.core.graph import Graph
from aetherist.core.plan import Plan
from aetherist.graphs.model import Model
from aetherist.graphs.samples import sample_inputs

SMALL = ["settings.resolution=32", "components.superres.input_resolution=16", "components.rays.resolution=8"]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("tiny", overrides=SMALL)


@pytest.mark.parametrize(
    ("graph", "known", "between"),
    [
        ("generate", {"latent", "pose", "psi", "cutoff"}, ["planes", "styles"]),
        ("generate", {"camera"}, ["rays_origins", "rays_directions"]),
        ("generate", {"latent", "pose"}, ["latent", "pose"]),
        ("show", {"styles"}, ["planes", "styles"]),
        ("field", {"styles"}, ["planes"]),
        ("map", {"latent", "pose", "psi", "cutoff"}, ["styles"]),
        ("map", set(), []),
    ],
)
def test_the_halves_together_are_the_graph(model: Model, graph: str, known: set[str], between: list[str]) -> None:
    whole = model.report.graphs[graph]
    first, rest = whole.split(known)
    assert list(first.outputs) == between
    assert set(first.inputs) <= known
    assert set(rest.inputs) == set(between) | (set(whole.inputs) - known)
    inputs = {name: given.default for name, given in whole.inputs.items() if not given.required}
    inputs |= sample_inputs(whole, batch=2, sizes={"N": 3} if graph == "field" else None)
    with torch.no_grad():
        expected = Plan.build(whole, model.components).eval()(**inputs)
        values = _run(first, model, inputs)
        found = _run(rest, model, inputs | values)
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_second_half_checks_what_it_is_given(model: Model) -> None:
    _, rest = model.report.graphs["field"].split({"styles"})
    assert str(rest.inputs["planes"].type) == 'Planes["B 3 8 32 32"]'
    with pytest.raises(ValueError, match="'planes' has the wrong shape"):
        Plan.build(rest, model.components)(planes=torch.zeros(1, 3, 8, 16, 16), points=torch.zeros(1, 3, 3))


def test_the_graph_itself_stays_as_it_is(model: Model) -> None:
    whole = model.report.graphs["show"]
    before = {name: dict(step.wires) for name, step in whole.steps.items()}
    whole.split({"styles"})
    assert {name: dict(step.wires) for name, step in whole.steps.items()} == before
    assert list(whole.inputs) == ["styles", "camera"]


def _run(graph: Graph, model: Model, inputs: dict[str, object]) -> dict[str, torch.Tensor]:
    plan = Plan.build(graph, model.components).eval()
    results: dict[str, torch.Tensor] = plan(**{name: value for name, value in inputs.items() if name in graph.inputs})
    return results
