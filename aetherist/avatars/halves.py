"""A graph run in two halves: what the styles determine, once a person, and the rest, once a view."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import attrs
from torch import Tensor

from aetherist.core.graph import Constant, Graph, InputRef, OutputRef, Wire
from aetherist.core.plan import Plan
from aetherist.graphs.live import size_of
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


@attrs.define(eq=False)
class _Entry:
    values: dict[str, Tensor] = attrs.field(factory=dict)
    size: int = 0
    lock: threading.Lock = attrs.field(factory=threading.Lock)


class Memory:
    """What was computed of the last few people, up to so many bytes; safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._people: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held."""
        with self._lock:
            return sum(entry.size for entry in self._people.values())

    def __len__(self) -> int:
        return len(self._people)

    def recall(
        self, person: str, keys: Mapping[str, str], compute: Callable[[], Mapping[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return what is known of a person under the names in ``keys``; computed if it is not there, by one thread.

        Args:
            person: Whose.
            keys: What to return under each name.
            compute: Returns all of it, by name.
        """
        with self._lock:
            entry = self._people.setdefault(person, _Entry())
            self._people.move_to_end(person)
        with entry.lock:
            if not set(keys.values()) <= entry.values.keys():
                made = compute()
                entry.values = {keys[name]: value for name, value in made.items()} | entry.values
            values = {name: entry.values[key] for name, key in keys.items()}
        with self._lock:
            entry.size = size_of(entry.values)
            held = sum(each.size for each in self._people.values())
            while held > self.limit:
                held -= self._people.popitem(last=False)[1].size
        return values

    def clear(self) -> None:
        """Forget everyone."""
        with self._lock:
            self._people.clear()


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
