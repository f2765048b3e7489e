"""Holds the two ends of every wire against each other, and solves the sizes of a whole graph.

Kinds and dtypes first, then meanings, then shapes. A wire that fails one test is not put to the next, so that one fault
is one diagnostic.
"""

from __future__ import annotations

from typing import Any

import attrs

from aetherist.core.dims import Dim, Shape, SizeError, Star, Symbol
from aetherist.core.draft import Draft, Edge, End
from aetherist.core.errors import Diagnostic, Severity, Side
from aetherist.core.ports import PortType
from aetherist.core.unify import Conflict, Solver
from aetherist.core.wiring import Wiring


class Agreement:
    """The verdict on one drafted graph: ``diagnostics``, and the draft's graph with its types solved."""

    def __init__(self, wiring: Wiring, draft: Draft) -> None:
        self.recipe = wiring.recipe
        self.registry = wiring.registry
        self.draft = draft
        self.solver = Solver()
        self.meanings: dict[Symbol, str | None] = {}
        self.diagnostics: list[Diagnostic] = []
        try:
            for edge in draft.edges:
                self._hold(edge)
            for conflict in self.solver.settle():
                self._shapes_disagree(conflict.because, [conflict])
            self._write_types()
        except SizeError as error:
            self._report_sizes(error)
        if draft.sound and not self.diagnostics:
            self._note_undetermined()

    def _hold(self, edge: Edge) -> None:
        producer, consumer = edge.producer.type, edge.consumer.type
        problem = _kinds_differ(producer, consumer)
        if problem is not None:
            self._report("AE206", f"a {_kind(producer)} cannot go where a {_kind(consumer)} is taken", edge, problem)
        elif producer.item is not None and consumer.item is not None:
            ends = (attrs.evolve(edge.producer, type=producer.item), attrs.evolve(edge.consumer, type=consumer.item))
            self._hold(Edge(*ends, edge.place))
        elif producer.kind != "tensor":
            return
        elif consumer.dtypes is not None and (producer.dtypes is None or not producer.dtypes <= consumer.dtypes):
            self._report("AE205", "dtypes do not agree", edge, None)
        elif not self._meanings_agree(edge):
            self._report("AE203", "meanings do not agree", edge, None, fix=self._converter(edge))
        else:
            conflicts = self.solver.equate(consumer.shape, producer.shape, edge)
            if conflicts:
                self._shapes_disagree(edge, conflicts)

    # Meanings -------------------------------------------------------------------------------------------------------

    def _meanings_agree(self, edge: Edge) -> bool:
        given, taken = self._meaning(edge.producer), edge.consumer.type.meaning
        if taken is None:
            return True
        if taken.startswith("?"):
            variable = self._variable(edge.consumer, taken)
            return self.meanings.setdefault(variable, given) == given
        return given is not None and (given == taken or given.startswith(taken + "."))

    def _meaning(self, end: End) -> str | None:
        meaning = end.type.meaning
        if meaning is not None and meaning.startswith("?"):
            return self.meanings.get(self._variable(end, meaning))
        return meaning

    def _variable(self, end: End, name: str) -> Symbol:
        """A meaning variable belongs to a call site: the step's name without the port's."""
        step = end.label if end.label in self.draft.step_ends else end.label.rpartition(".")[0]
        return Symbol(name, step)

    def _converter(self, edge: Edge) -> str | None:
        given, taken = self._meaning(edge.producer), edge.consumer.type.meaning
        for cls in self.registry.components():
            name, signature = cls.component_name, cls.signatures["forward"]
            needed = [port for port in signature.inputs.values() if port.required]
            if len(needed) != 1 or not signature.single or given is None:
                continue
            if needed[0].type.meaning == given and signature.outputs["output"].type.meaning == taken:
                return f"put a step between them that calls {name}"
        return None

    # Reports --------------------------------------------------------------------------------------------------------

    def _report(self, code: str, message: str, edge: Edge, reason: str | None, fix: str | None = None) -> None:
        sides = (self._side(edge.consumer, "expects"), self._side(edge.producer, "gives"))
        notes = (reason,) if reason else ()
        self.diagnostics.append(self.recipe.fault(code, message, *edge.place, sides=sides, notes=notes, fix=fix))

    def _side(self, end: End, verb: str) -> Side:
        type_ = end.type
        if type_.kind == "tensor":
            text = f"{verb} {attrs.evolve(type_, shape=self.solver.shape(type_.shape))}"
            meaning = self._meaning(end)
            text += f", meaning {meaning}" if meaning else ", with no meaning"
        else:
            text = f"{verb} {type_}"
        return Side(end.label, text, self.recipe.where(*end.place, of_key=True))

    def _shapes_disagree(self, edge: Edge, conflicts: list[Conflict]) -> None:
        consumer, producer = edge.consumer, edge.producer
        notes: list[str] = []
        fixes: list[str] = []
        for conflict in conflicts:
            if conflict.axis is None:
                notes.append(f"{_count(conflict.left)} are not {_count(conflict.right)}")
                continue
            notes.append(f"axis {conflict.axis}: {conflict.left} is not {conflict.right}")
            fixes += self._size_fixes(consumer, conflict.axis, conflict.right)
            fixes += self._size_fixes(producer, conflict.opposite, conflict.left)
        sides = (
            self._shape_side(consumer, "expects", [conflict.axis for conflict in conflicts]),
            self._shape_side(producer, "gives", [conflict.opposite for conflict in conflicts]),
        )
        fix = "set " + ", or ".join(dict.fromkeys(fixes)) if fixes else None
        self.diagnostics.append(
            self.recipe.fault("AE204", "shapes do not agree", *edge.place, sides=sides, notes=tuple(notes), fix=fix)
        )

    def _shape_side(self, end: End, verb: str, axes: list[int | None]) -> Side:
        shape = str(self.solver.shape(end.type.shape))
        reasons = [text for axis in axes if axis is not None for text in self._reasons(end, axis)]
        because = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
        return Side(end.label, f'{verb} "{shape}"{because}')

    def _reasons(self, end: End, axis: int) -> list[str]:
        """Say where each size of an axis comes from: a setting, its default, or another wire."""
        reasons = []
        written = self._as_written(end, axis)
        for symbol in sorted(_axis_symbols(end.declared, written)):
            value = end.part.constant(symbol.name) if end.part is not None else None
            if end.part is not None and value is not None:
                reasons.append(f"{symbol.name} = {value}, {self._setting(end, symbol.name)}")
        for symbol in sorted(_axis_symbols(end.type.shape, written)):
            because = self.solver.reason(symbol)
            known = self.solver.dim(Dim.of(symbol))
            if because is not None and known.symbol != symbol:
                other = because.producer.label
                where = self.recipe.where(*because.place)
                reasons.append(f"{symbol.name} = {known} by {other} at {where}")
        return reasons

    def _setting(self, end: End, name: str) -> str:
        assert end.part is not None
        place = (*end.place, name)
        node = self.recipe.root.find(place)
        if node is not None:
            return str(node.where) if node.source is None else f"{node.where}, from {node.source}"
        if name in type(end.part.config).model_fields:
            return f"the default of {end.part.cls.component_name}"
        return f"from the settings of {end.part.name}"

    def _as_written(self, end: End, axis: int) -> int:
        """Return an axis of an end's solved shape as an axis of its declared one, where a run is one axis."""
        axes = end.declared.axes
        run = next((index for index, size in enumerate(axes) if isinstance(size, Star)), None)
        if run is None or axis < run:
            return axis
        from_end = axis - len(self.solver.shape(end.type.shape).axes)
        return from_end if from_end >= run + 1 - len(axes) else run

    def _size_fixes(self, end: End, axis: int | None, wanted: str) -> list[str]:
        if end.part is None or axis is None or not wanted.isdigit():
            return []
        size = end.declared.axes[self._as_written(end, axis)]
        symbol = size.symbol if isinstance(size, Dim) else None
        if symbol is None or symbol.name not in type(end.part.config).model_fields:
            return []
        return [f"components.{end.part.name}.{symbol.name} to {wanted}"]

    def _report_sizes(self, error: SizeError) -> None:
        name = self.draft.graph.name
        message = f"the sizes of graph '{name}' cannot be worked out: {error}"
        self.diagnostics.append(self.recipe.fault("AE204", message, "graphs", name, of_key=True))

    # Results --------------------------------------------------------------------------------------------------------

    def _write_types(self) -> None:
        graph = self.draft.graph
        graph.conditions = [(left, right) for left, right, _ in self.solver.conditions()]
        for name, given in graph.inputs.items():
            end = self.draft.input_ends.get(name)
            if end is not None:
                graph.inputs[name] = attrs.evolve(given, type=self._solved(end))
        for name, (inputs, outputs) in self.draft.step_ends.items():
            step = graph.steps[name]
            step.inputs = {port: self._solved(end) for port, end in inputs.items()}
            step.outputs = {port: self._solved(end) for port, end in outputs.items()}
        for name, output in self.draft.output_ends.items():
            if output is not None:
                graph.output_types[name] = self._solved(output)

    def _solved(self, end: End) -> PortType:
        return attrs.evolve(end.type.map_shapes(self.solver.shape), meaning=self._meaning(end))

    def _note_undetermined(self) -> None:
        """Note the sizes that nothing fixes; those of the graph's inputs are free on purpose."""
        for left, right, edge in self.solver.conditions():
            message = f"'{edge.consumer.label}' fits only where {left} = {right}"
            self.diagnostics.append(self.recipe.fault("AE304", message, *edge.place, severity=Severity.NOTE))
        free = {symbol for given in self.draft.graph.inputs.values() for symbol in given.type.shape.symbols}
        for name, step in self.draft.graph.steps.items():
            for port, type_ in step.outputs.items():
                loose = sorted(type_.shape.symbols - free) if type_.kind == "tensor" else []
                if loose and "." not in name:
                    free |= set(loose)
                    names = ", ".join(str(symbol) for symbol in loose)
                    label = name if step.signature.single else f"{name}.{port}"
                    self.diagnostics.append(
                        Diagnostic(
                            "AE304",
                            f"nothing determines {names} of '{label}', which is {type_}",
                            Severity.NOTE,
                            step.where,
                            f"graphs.{self.draft.graph.name}.steps.{name}",
                        )
                    )


def _kinds_differ(producer: PortType, consumer: PortType) -> str | None:
    if producer.nullable and not consumer.nullable:
        return "the value may be null, and the port takes none"
    if producer.kind != consumer.kind:
        return f"{producer} is no {consumer}"
    if producer.kind == "value" and not all(_covers(consumer.values, value) for value in producer.values):
        return f"{producer} is no {consumer}"
    if producer.item is not None and consumer.item is not None:
        return _kinds_differ(producer.item, consumer.item)
    return None


def _covers(allowed: tuple[Any, ...], value: Any) -> bool:
    if value in allowed or (value is int and float in allowed):
        return True
    return not isinstance(value, type) and type(value) in allowed


def _kind(type_: PortType) -> str:
    return "tensor" if type_.kind == "tensor" else str(type_)


def _count(shape: str) -> str:
    axes = len(shape.split())
    return f"{axes} axes ({shape})" if axes != 1 else f"1 axis ({shape})"


def _axis_symbols(shape: Shape, axis: int) -> frozenset[Symbol]:
    size = shape.axes[axis]
    return frozenset({size.symbol}) if isinstance(size, Star) else size.symbols
