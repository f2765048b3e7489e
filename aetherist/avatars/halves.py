"""A graph run in two halves: what the styles determine, once a person, and the rest, once a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aetherist.core.graph import Constant, Graph, InputRef, OutputRef, Wire
from aetherist.core.plan import Plan
from aetherist.graphs.model import Model


class Halves:
    """The two halves of one graph of a model, for the outputs that are asked for.

    Attributes:
        first: From styles to what is kept.
        rest: From what is kept, and the other inputs, to the outputs.
        keys: What each thing that is kept is called among all graphs of the model: the same planes, however many
            graphs make them, have one name.
    """

    def __init__(self, model: Model, graph: str, outputs: Iterable[str] | None = None) -> None:
        whole = model.plan(graph, outputs).graph
        first, rest = whole.split({"styles"})
        self.first = Plan.build(first, model.components).eval()
        self.rest = Plan.build(rest, model.components).eval()
        self.keys = {name: _origin(whole, wire) for name, wire in first.outputs.items()}
        self.inputs = tuple(whole.inputs)


def _origin(graph: Graph, wire: Wire) -> str:
    """Spell out how a value comes about: which components are called with what."""
    if isinstance(wire, InputRef | Constant):
        return str(wire)
    if isinstance(wire, OutputRef):
        step = graph.steps[wire.step]
        given = ", ".join(f"{port}={_origin(graph, source)}" for port, source in sorted(step.wires.items()))
        return f"{step.calls}({given})" + (f".{wire.output}" if wire.output else "")
    if isinstance(wire, Mapping):
        return "{" + ", ".join(f"{name}: {_origin(graph, part)}" for name, part in wire.items()) + "}"
    return "[" + ", ".join(_origin(graph, part) for part in wire) + "]"
