"""A recipe's graphs as JSON for a graph editor: ports with shapes and meanings, wires, and lines of the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aetherist.core.errors import Position
from aetherist.core.graph import Graph, InputRef, OutputRef, Step, Wire, sources
from aetherist.core.ports import PortType
from aetherist.core.recipe import Recipe
from aetherist.graphs.draw import to_data

MOST_STEPS = 2_000
"""Steps of a graph that is drawn, those of nested graphs included; a larger one is told of without them."""

_VALUES = (bool, int, float, str, type(None))


def drawn(graph: Graph, recipe: Recipe, file: str) -> dict[str, Any]:
    """Return a graph to draw.

    A step of a nested graph has a dotted name (``fake.planes``), and ``groups`` says which graph ``fake`` calls.
    Lines are those of the text of the recipe itself; what it extends stands elsewhere and has none.

    Args:
        graph: Checked.
        recipe: That it is of.
        file: What the text of the recipe is called in positions.
    """
    data = to_data(graph)
    large = len(graph.steps) > MOST_STEPS
    spec = recipe.spec.graphs[graph.name]
    return {
        "name": graph.name,
        "description": spec.description,
        "line": _line(recipe.where("graphs", graph.name, of_key=True), file),
        "inputs": [
            _port(name, given.type)
            | {
                "required": given.required,
                "default": given.default if isinstance(given.default, _VALUES) else str(given.default),
                "line": _line(given.where, file),
            }
            for name, given in graph.inputs.items()
        ],
        "steps": [] if large else [_step(told, graph.steps[told["name"]], file) for told in data["steps"]],
        "groups": [] if large else list(_groups(graph, recipe, file)),
        "outputs": [
            _port(told["name"], graph.output_types[told["name"]])
            | {
                "from": told["from"],
                "line": _line(recipe.where("graphs", graph.name, "outputs", told["name"], of_key=True), file),
            }
            for told in data["outputs"]
        ],
        "wires": [] if large else list(_wires(graph)),
        "truncated": large,
    }


def _step(told: dict[str, Any], step: Step, file: str) -> dict[str, Any]:
    return {
        "name": step.name,
        "call": step.calls,
        "component": step.part.name,
        "type": step.part.cls.component_name,
        "operation": step.operation,
        "purpose": step.part.cls.purpose(),
        "group": step.name.rpartition(".")[0] or None,
        "inputs": [
            _port(port["name"], step.inputs[port["name"]])
            | {"from": port["from"], "required": step.signature.inputs[port["name"]].required}
            for port in told["inputs"]
        ],
        "outputs": [_port(port["name"], step.outputs[port["name"]]) for port in told["outputs"]],
        "line": _line(step.where, file),
    }


def _port(name: str, type_: PortType) -> dict[str, Any]:
    inner = type_.item or type_
    tensor = inner.kind == "tensor"
    return {
        "name": name,
        "type": str(type_),
        "shape": [str(axis) for axis in inner.shape.axes] if tensor else None,
        "meaning": inner.meaning,
        "doc": inner.named.doc if inner.named is not None else "",
    }


def _groups(graph: Graph, recipe: Recipe, file: str) -> Iterator[dict[str, Any]]:
    """Yield each nested graph that the steps lie in: what it is called, which graph it is, and where it is called."""
    seen: set[str] = set()
    for name in graph.steps:
        *scopes, _ = name.split(".")
        for depth in range(1, len(scopes) + 1):
            path = ".".join(scopes[:depth])
            if path in seen:
                continue
            seen.add(path)
            owner = graph.name
            for scope in scopes[: depth - 1]:
                owner = recipe.spec.graphs[owner].steps[scope].call
            called = recipe.spec.graphs[owner].steps[scopes[depth - 1]].call
            where = recipe.where("graphs", owner, "steps", scopes[depth - 1], of_key=True)
            yield {"name": path, "graph": called, "line": _line(where, file)}


def _wires(graph: Graph) -> Iterator[dict[str, str]]:
    """Yield each wire: from ``step.output`` or ``input.name``, to ``step.port`` or ``output.name``."""
    for step in graph.steps.values():
        for port, wire in step.wires.items():
            yield from ({"from": origin, "to": f"{step.name}.{port}"} for origin in _origins(wire, graph))
    for name, wire in graph.outputs.items():
        yield from ({"from": origin, "to": f"output.{name}"} for origin in _origins(wire, graph))


def _origins(wire: Wire, graph: Graph) -> Iterator[str]:
    for source in sources(wire):
        if isinstance(source, InputRef):
            yield f"input.{source.name}"
        elif isinstance(source, OutputRef):
            yield f"{source.step}.{source.output or next(iter(graph.steps[source.step].outputs))}"


def _line(where: Position, file: str) -> int | None:
    return where.line if where.file == file and where.line else None
