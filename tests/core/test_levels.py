"""Static = dry = real: what the check says of a graph is what the plan does."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aetherist.core.check import check
from aetherist.core.dims import Dim, Shape, Symbol
from aetherist.core.errors import Severity
from aetherist.core.plan import Plan
from tests.core.parts import registry

COMPONENTS = {
    "lin": {"type": "test.linear", "width_in": 4, "width_out": 6},
    "add": {"type": "test.add"},
    "join": {"type": "test.join"},
    "double": {"type": "test.double"},
    "outer": {"type": "test.outer"},
    "split": {"type": "test.split"},
    "stack": {"type": "test.stack"},
    "row": {"type": "test.row"},
    "keep": {"type": "test.keep"},
}


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    """A graph of a few steps, wired at random: often sound, often not."""
    inputs = draw(
        st.dictionaries(
            st.sampled_from(["x", "y", "z"]),
            st.sampled_from(["Float[B 4]", "Float[B 6]", "Float[B N]", "Float[B 2*N]", "Float[B M]", "Float[B N+2]"]),
            min_size=1,
            max_size=3,
        )
    )
    known = list(inputs)
    steps: dict[str, Any] = {}
    for index in range(draw(st.integers(1, 6))):
        name, call = f"s{index}", draw(st.sampled_from([*COMPONENTS, "lin.transposed"]))
        pick = st.sampled_from(known)
        if call in ("add", "join", "outer"):
            wires: dict[str, Any] = {"a": draw(pick), "b": draw(pick)}
        elif call == "stack":
            wires = {"parts": draw(st.lists(pick, min_size=1, max_size=3))}
        else:
            wires = {"x": draw(pick)}
        steps[name] = {"call": call, "with": wires}
        known += [f"{name}.left", f"{name}.right"] if call == "split" else [name]
    outputs = {
        f"o{i}": source for i, source in enumerate(draw(st.lists(st.sampled_from(known), min_size=1, max_size=3)))
    }
    return {"components": COMPONENTS, "graphs": {"g": {"inputs": inputs, "steps": steps, "outputs": outputs}}}


def concrete(shape: Shape, sizes: dict[Symbol, int]) -> tuple[int, ...]:
    return tuple(axis.evaluate(sizes) for axis in shape.axes if isinstance(axis, Dim))


@settings(max_examples=40)
@given(recipes(), st.integers(1, 3), st.lists(st.integers(2, 4), min_size=12, max_size=12))
def test_a_graph_that_is_sound_has_the_shapes_it_was_said_to_have(
    recipe: dict[str, Any], batch: int, free: list[int]
) -> None:
    static, dry = check(recipe, registry=registry), check(recipe, "dry", registry=registry)
    errors = [d for d in static.diagnostics if d.severity is Severity.ERROR]
    assert [d for d in dry.diagnostics if d.severity is Severity.ERROR] == errors, "the dry check finds nothing more"
    if errors:
        assert {d.code for d in errors} == {"AE204"}
        return
    graph = static.graphs["g"]
    symbols = sorted({symbol for given in graph.inputs.values() for symbol in given.type.shape.symbols})
    sizes = {symbol: batch if symbol.name == "B" else free.pop() for symbol in symbols}
    modules = {name: part.build() for name, part in static.parts.items()}
    plan = Plan.build(graph, modules)
    inputs = {name: torch.randn(concrete(given.type.shape, sizes)) for name, given in plan.graph.inputs.items()}
    results = plan(**inputs)
    assert {name: tuple(value.shape) for name, value in results.items()} == {
        name: concrete(type_.shape, sizes) for name, type_ in graph.output_types.items()
    }


@settings(max_examples=60)
@given(recipes(), st.lists(st.integers(2, 5), min_size=4, max_size=4))
def test_a_graph_that_is_refused_cannot_keep_its_word(recipe: dict[str, Any], free: list[int]) -> None:
    """Run the steps of a refused graph by hand, at any sizes: some declaration does not hold."""
    report = check(recipe, registry=registry)
    if report.ok:
        return
    modules = {
        name: registry.get(part["type"]).create(**{k: v for k, v in part.items() if k != "type"})
        for name, part in COMPONENTS.items()
    }
    graph = recipe["graphs"]["g"]
    n, m = free[0], free[1]
    widths = {
        "Float[B 4]": 4,
        "Float[B 6]": 6,
        "Float[B N]": n,
        "Float[B 2*N]": 2 * n,
        "Float[B M]": m,
        "Float[B N+2]": n + 2,
    }
    values: dict[str, Any] = {name: torch.zeros(3, widths[type_]) for name, type_ in graph["inputs"].items()}
    try:
        for name, step in graph["steps"].items():
            module, _, operation = step["call"].partition(".")
            wires = {k: [values[i] for i in v] if isinstance(v, list) else values[v] for k, v in step["with"].items()}
            if module == "split" and wires["x"].shape[1] % 2:
                return
            made = getattr(modules[module], operation or "forward")(**wires)
            values |= {f"{name}.left": made[0], f"{name}.right": made[1]} if module == "split" else {name: made}
    except RuntimeError:
        return
    raise AssertionError("the graph was refused, but runs")
