"""A typed graph: steps in order, wires between them, and what can be asked of it without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import networkx as nx

from aetherist.core.dims import Dim
from aetherist.core.errors import Position, did_you_mean
from aetherist.core.parts import Part
from aetherist.core.ports import PortType, Signature


@attrs.frozen
class InputRef:
    """A wire from an input of the graph."""

    name: str

    def __str__(self) -> str:
        return self.name


@attrs.frozen
class OutputRef:
    """A wire from an output of a step; ``output`` is ``None`` where the step has one nameless output."""

    step: str
    output: str | None = None

    def __str__(self) -> str:
        return self.step if self.output is None else f"{self.step}.{self.output}"


@attrs.frozen
class Constant:
    """A value written in the recipe itself."""

    value: Any

    def __str__(self) -> str:
        return repr(self.value)


Wire = InputRef | OutputRef | Constant | tuple["Wire", ...] | Mapping[str, "Wire"]


def sources(wire: Wire) -> Iterator[InputRef | OutputRef | Constant]:
    """Yield the single wires in a wire: a list or dict port takes several."""
    if isinstance(wire, tuple):
        for part in wire:
            yield from sources(part)
    elif isinstance(wire, Mapping):
        for part in wire.values():
            yield from sources(part)
    else:
        yield wire


@attrs.define(eq=False)
class Step:
    """One call of a component's operation. ``inputs`` and ``outputs`` hold the port types with solved shapes."""

    name: str
    part: Part
    operation: str
    signature: Signature
    wires: dict[str, Wire]
    where: Position
    inputs: dict[str, PortType] = attrs.field(factory=dict)
    outputs: dict[str, PortType] = attrs.field(factory=dict)

    @property
    def calls(self) -> str:
        """What the step calls, as a recipe writes it."""
        return self.part.name if self.operation == "forward" else f"{self.part.name}.{self.operation}"

    def sources(self) -> Iterator[InputRef | OutputRef | Constant]:
        """Yield the single wires that come in."""
        for wire in self.wires.values():
            yield from sources(wire)


@attrs.frozen
class GraphInput:
    """An input of a graph, its solved type, and the default if it has one."""

    name: str
    type: PortType
    required: bool
    default: Any
    where: Position


@attrs.define(eq=False)
class Graph:
    """Steps in an order in which they can run, nested graphs inlined under dotted names.

    ``conditions`` are equations that sizes have to satisfy and that nothing written decides.
    """

    name: str
    inputs: dict[str, GraphInput]
    steps: dict[str, Step]
    outputs: dict[str, Wire]
    output_types: dict[str, PortType]
    conditions: list[tuple[Dim, Dim]] = attrs.field(factory=list)

    @property
    def parts(self) -> dict[str, Part]:
        """Every component that a step calls."""
        return {step.part.name: step.part for step in self.steps.values()}

    def network(self) -> nx.DiGraph[str]:
        """Return the steps as a networkx graph for analysis; an edge is a wire from step to step."""
        network: nx.DiGraph[str] = nx.DiGraph()
        network.add_nodes_from(self.steps)
        for step in self.steps.values():
            network.add_edges_from((s.step, step.name) for s in step.sources() if isinstance(s, OutputRef))
        return network

    def needed(self, outputs: Iterable[str]) -> list[Step]:
        """Return the steps that the given outputs depend on, in order."""
        roots = {
            source.step for name in outputs for source in sources(self.outputs[name]) if isinstance(source, OutputRef)
        }
        wanted = set(roots)
        for step in reversed(self.steps.values()):
            if step.name in wanted:
                wanted |= {s.step for s in step.sources() if isinstance(s, OutputRef)}
        return [step for step in self.steps.values() if step.name in wanted]

    def select(self, outputs: Iterable[str] | None = None) -> Graph:
        """Return the graph pruned to the outputs that are asked for (all of them by default).

        Raises:
            ValueError: If the graph has no such output; names the near ones.
        """
        if isinstance(outputs, str):
            outputs = [outputs]
        names = list(self.outputs) if outputs is None else list(outputs)
        for name in names:
            if name not in self.outputs:
                raise ValueError(f"graph '{self.name}' has no output '{name}'; {did_you_mean(name, self.outputs)}")
        steps = {step.name: step for step in self.needed(names)}
        used = {
            source.name
            for wire in [w for s in steps.values() for w in s.wires.values()] + [self.outputs[n] for n in names]
            for source in sources(wire)
            if isinstance(source, InputRef)
        }
        return Graph(
            self.name,
            {name: given for name, given in self.inputs.items() if name in used},
            steps,
            {name: self.outputs[name] for name in names},
            {name: self.output_types[name] for name in names},
            self.conditions,
        )

    def split(self, known: Iterable[str]) -> tuple[Graph, Graph]:
        """Cut the graph in two: what the inputs in ``known`` determine, and the rest.

        The outputs of the first half are inputs of the second under the same names, so that a caller can run the first
        once, keep what it gives, and run the second as often as the other inputs change.
        """
        known = set(known)
        done: set[str] = set()

        def is_known(ref: InputRef | OutputRef | Constant) -> bool:
            return ref.name in known if isinstance(ref, InputRef) else isinstance(ref, Constant) or ref.step in done

        for step in self.steps.values():
            if all(is_known(source) for source in step.sources()):
                done.add(step.name)
        left = {name: given for name, given in self.inputs.items() if name not in known}
        later = {name: step for name, step in self.steps.items() if name not in done}
        cut: dict[InputRef | OutputRef, InputRef] = {}
        wires = [wire for step in later.values() for wire in step.wires.values()] + list(self.outputs.values())
        for ref in dict.fromkeys(source for wire in wires for source in sources(wire)):
            if not isinstance(ref, Constant) and is_known(ref):
                name = str(ref).replace(".", "_")
                while name in left or InputRef(name) in cut.values():
                    name += "_"
                cut[ref] = InputRef(name)
        types = {entry.name: self._type(ref) for ref, entry in cut.items()}
        entries = {
            entry.name: GraphInput(entry.name, types[entry.name], True, None, self._origin(ref))
            for ref, entry in cut.items()
        }
        first = Graph(
            self.name,
            {name: given for name, given in self.inputs.items() if name in known},
            {name: step for name, step in self.steps.items() if name in done},
            {entry.name: ref for ref, entry in cut.items()},
            types,
            self.conditions,
        )
        rest = Graph(
            self.name,
            entries | left,
            {
                name: attrs.evolve(step, wires={port: _rewired(wire, cut) for port, wire in step.wires.items()})
                for name, step in later.items()
            },
            {name: _rewired(wire, cut) for name, wire in self.outputs.items()},
            self.output_types,
            self.conditions,
        )
        return first.select(), rest

    def _type(self, ref: InputRef | OutputRef) -> PortType:
        if isinstance(ref, InputRef):
            return self.inputs[ref.name].type
        return self.steps[ref.step].outputs[ref.output or "output"]

    def _origin(self, ref: InputRef | OutputRef) -> Position:
        return self.inputs[ref.name].where if isinstance(ref, InputRef) else self.steps[ref.step].where


def _rewired(wire: Wire, names: Mapping[InputRef | OutputRef, InputRef]) -> Wire:
    """Return a wire with some of its sources replaced."""
    if isinstance(wire, tuple):
        return tuple(_rewired(part, names) for part in wire)
    if isinstance(wire, Mapping):
        return {name: _rewired(part, names) for name, part in wire.items()}
    return wire if isinstance(wire, Constant) else names.get(wire, wire)
