"""From a recipe to graphs: resolves what each step calls and what each wire comes from, and inlines nested graphs.

What it cannot resolve becomes a diagnostic and stands in the graph as unknown; whatever refers to something unknown is
not reported again. Every wire also becomes an :class:`Edge`, for :mod:`aetherist.core.agreement` to hold its two ends
against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from aetherist.base.document import Path as Place
from aetherist.core.component import registry as process_registry
from aetherist.core.dims import ANONYMOUS, Shape, Symbol
from aetherist.core.draft import Draft, Edge, End, Outputs, Value
from aetherist.core.errors import RegistryError, Severity, did_you_mean
from aetherist.core.graph import Constant, Graph, GraphInput, InputRef, OutputRef, Step, Wire
from aetherist.core.order import Circle, in_order
from aetherist.core.parts import Part, resolve_parts
from aetherist.core.ports import PortType, Signature, misfit
from aetherist.core.recipe import UNSET, Recipe, StepSpec
from aetherist.core.registry import Registry
from aetherist.core.typetext import parse_type

MAX_STEPS = 100_000
MAX_NESTING = 32
MAX_COMPARISONS = 100_000
TAKEN = frozenset({"self", "keep", "grad"})


class Wiring:
    """Resolves a recipe's parts and graphs; ``diagnostics`` collects what is wrong with them."""

    def __init__(self, recipe: Recipe, registry: Registry | None = None) -> None:
        self.recipe = recipe
        self.registry = registry or process_registry
        self.parts, self.diagnostics = resolve_parts(recipe, self.registry)
        self.drawn = 0
        self.orders: dict[str, tuple[list[str], list[Circle]]] = {}
        self.refused: str | None = None
        self._compared = 0
        for name in self.parts.keys() & recipe.spec.graphs.keys():
            self._report("AE213", f"'{name}' names both a component and a graph", ("graphs", name), of_key=True)

    def draft(self, name: str) -> Draft:
        """Draw the graph called ``name``."""
        return _Drawing(self, name).draft

    def near(self, name: str, known: Iterable[str]) -> tuple[str, ...]:
        """Return a note of the names nearest to one that is unknown, while that is cheap: faults may be thousands."""
        known = list(known)
        self._compared += len(known)
        return (did_you_mean(name, known),) if self._compared <= MAX_COMPARISONS else ()

    def refuse(self, message: str, place: Place) -> None:
        """Report, once, that the recipe expands beyond a limit; nothing more of it is drawn."""
        if self.refused is None:
            self.refused = message
            self._report("AE103", message, place)

    def _report(self, code: str, message: str, place: Place, **more: Any) -> None:
        self.diagnostics.append(self.recipe.fault(code, message, *place, **more))


class _Drawing:
    """One graph of a recipe while it is drawn."""

    def __init__(self, wiring: Wiring, name: str) -> None:
        self.wiring = wiring
        self.recipe = wiring.recipe
        self.steps: dict[str, Step] = {}
        self.edges: list[Edge] = []
        self.step_ends: dict[str, tuple[dict[str, End], dict[str, End]]] = {}
        self.sound = True
        inputs, ends = self._graph_inputs(name)
        env: dict[str, Outputs | None] = {
            key: None if end is None else {"": Value(InputRef(key), end)} for key, end in ends.items()
        }
        outputs = self._expand(name, "", env, (name,))
        graph = Graph(
            name,
            inputs,
            self.steps,
            {key: value.wire for key, value in outputs.items() if value is not None},
            {},
        )
        self.draft = Draft(
            graph,
            self.edges,
            {key: end for key, end in ends.items() if end is not None},
            {key: value.end for key, value in outputs.items() if value is not None},
            self.step_ends,
            self.sound,
        )

    def report(self, code: str, message: str, place: Place, **more: Any) -> None:
        """Note a fault; unless it is a mere warning, the graph cannot be run."""
        self.wiring._report(code, message, place, **more)
        self.sound = self.sound and more.get("severity", Severity.ERROR) is not Severity.ERROR

    # Inputs ---------------------------------------------------------------------------------------------------------

    def _graph_inputs(self, name: str) -> tuple[dict[str, GraphInput], dict[str, End | None]]:
        inputs: dict[str, GraphInput] = {}
        ends: dict[str, End | None] = {}
        for key, end, default in self._declared_inputs(name, ""):
            ends[key] = end
            if end is None:
                continue
            place = ("graphs", name, "inputs", key)
            if key in TAKEN:
                self.report("AE115", f"'{key}' is no name for an input: plans use the word", place, of_key=True)
            inputs[key] = GraphInput(
                key, end.type, default is UNSET, None if default is UNSET else default, self.recipe.where(*place)
            )
        return inputs, ends

    def _broken(self, graph: str, section: str) -> list[str]:
        """Return the names of a graph's entries that were dropped: they are unknown, not missing."""
        place = ("graphs", graph, section)
        return [str(path[3]) for path in self.recipe.broken if path[:3] == place and len(path) == 4]

    def _declared_inputs(self, name: str, scope: str) -> Iterator[tuple[str, End | None, Any]]:
        for key, spec in self.recipe.spec.graphs[name].inputs.items():
            place = ("graphs", name, "inputs", key)
            try:
                type_ = parse_type(spec.type, self.wiring.registry)
            except (ValueError, RegistryError) as error:
                self.report("AE214", str(error), (*place, "type"))
                yield key, None, spec.default
                continue
            declared = type_.shape
            written = "[" in spec.type
            type_ = type_.map_shapes(_input_scope(f"{scope}<{name}>", None if written else key))
            if spec.default is not UNSET and (problem := misfit(spec.default, type_)):
                self.report("AE215", f"the default of '{key}' {problem}", (*place, "default"))
            yield key, End(f"{scope}{name}.{key}", type_, place, declared), spec.default
        for key in self._broken(name, "inputs"):
            yield key, None, UNSET

    # Steps ----------------------------------------------------------------------------------------------------------

    def _expand(
        self, name: str, scope: str, env: Mapping[str, Outputs | None], chain: tuple[str, ...]
    ) -> dict[str, Value | None]:
        """Draw the steps of one graph under ``scope``; return what its outputs stand for."""
        spec = self.recipe.spec.graphs[name]
        env = dict(env)
        env.update(dict.fromkeys(self._broken(name, "steps")))
        for key in spec.steps.keys() & spec.inputs.keys():
            self.report("AE213", f"'{key}' names both an input and a step", ("graphs", name, "steps", key), of_key=True)
        for key in self._in_order(name, env):
            self.wiring.drawn += 1
            if self.wiring.drawn > MAX_STEPS:
                self.wiring.refuse(f"the graphs expand to more than {MAX_STEPS:,} steps", ("graphs", chain[0]))
            if self.wiring.refused is not None:
                self.sound = False
                return dict.fromkeys(spec.outputs)
            env[key] = self._step(name, key, spec.steps[key], scope, env, chain)
        outputs: dict[str, Value | None] = {}
        for key, output in spec.outputs.items():
            place = ("graphs", name, "outputs", key)
            value = self._resolve(output.source, env, place)
            if value is not None and output.type is not None:
                value = self._held_to(output.type, value, place, f"{scope}{name}.{key}", scope)
            outputs[key] = value
        outputs.update(dict.fromkeys(self._broken(name, "outputs")))
        return outputs

    def _in_order(self, name: str, env: dict[str, Outputs | None]) -> list[str]:
        """Return the steps in an order in which they can run; steps on a circle become unknown."""
        if name not in self.wiring.orders:
            self.wiring.orders[name] = in_order(self.recipe.spec.graphs[name])
        order, circles = self.wiring.orders[name]
        for circle in circles:
            path = " -> ".join(circle.way)
            place = ("graphs", name, "steps", circle.way[0])
            self.report("AE211", f"steps wait for each other: {path}", place, of_key=True)
            env.update(dict.fromkeys(circle.steps))
        return order

    def _step(
        self,
        graph: str,
        key: str,
        spec: StepSpec,
        scope: str,
        env: dict[str, Outputs | None],
        chain: tuple[str, ...],
    ) -> Outputs | None:
        place = ("graphs", graph, "steps", key)
        head, _, operation = spec.call.partition(".")
        if head in self.recipe.spec.graphs and not operation:
            return self._nested(head, place, key, spec, scope, env, chain)
        part = self.wiring.parts.get(head)
        if part is None:
            self.sound = False
            broken = any(self.recipe.is_broken(section, head) for section in ("components", "graphs"))
            if head not in self.recipe.spec.components and not broken:
                known = [*self.recipe.spec.components, *self.recipe.spec.graphs]
                message = f"'{spec.call}' names no component and no graph of this recipe"
                self.report("AE207", message, (*place, "call"), notes=self.wiring.near(head, known))
            return None
        operation = operation or "forward"
        if operation not in part.cls.signatures:
            operations = [name for name in part.cls.signatures if name != "forward"]
            message = f"{part.cls.component_name} has no operation '{operation}'"
            self.report("AE207", message, (*place, "call"), notes=self.wiring.near(operation, operations))
            return None
        return self._call(part, operation, place, scope + key, spec, env)

    def _call(
        self, part: Part, operation: str, place: Place, name: str, spec: StepSpec, env: dict[str, Outputs | None]
    ) -> Outputs:
        signature: Signature = part.cls.signatures[operation]
        ins, outs = part.ports(operation)

        def end(port: tuple[PortType, Shape], label: str) -> End:
            scoped = port[0].map_shapes(lambda shape: shape.rename(lambda s: _scoped(s, name)))
            return End(label, scoped, ("components", part.name), port[1], part)

        inputs = {key: end(port, f"{name}.{key}") for key, port in ins.items()}
        required = {key for key, port in signature.inputs.items() if port.required}
        wires = self._connect(inputs, required, spec, place, env, part.cls.component_name)
        outputs = {key: end(port, name if signature.single else f"{name}.{key}") for key, port in outs.items()}
        self.steps[name] = Step(name, part, operation, signature, wires, self.recipe.where(*place, of_key=True))
        self.step_ends[name] = (inputs, outputs)
        if signature.single:
            return {"": Value(OutputRef(name), outputs["output"])}
        return {port: Value(OutputRef(name, port), outputs[port]) for port in outputs}

    def _nested(
        self,
        graph: str,
        place: Place,
        key: str,
        spec: StepSpec,
        scope: str,
        env: dict[str, Outputs | None],
        chain: tuple[str, ...],
    ) -> Outputs | None:
        if graph in chain:
            circle = chain[chain.index(graph) :]
            self.sound = False
            if graph == chain[0] == min(circle, key=list(self.recipe.spec.graphs).index):
                path = " -> ".join((*circle, graph))
                self.report("AE212", f"graph '{graph}' calls itself: {path}", (*place, "call"))
            return None
        if len(chain) >= MAX_NESTING:
            self.wiring.refuse(f"graphs nest deeper than {MAX_NESTING} levels", (*place, "call"))
            self.sound = False
            return None
        inner = f"{scope}{key}."
        declared = list(self._declared_inputs(graph, inner))
        ends = {name: end for name, end, _ in declared}
        required = {name for name, end, default in declared if default is UNSET and end is not None}
        wires = self._connect(ends, required, spec, place, env, f"graph {graph}")
        given: dict[str, Outputs | None] = {}
        for name, end, default in declared:
            wire = wires.get(name, Constant(None if default is UNSET else default))
            given[name] = None if end is None else {"": Value(wire, end)}
        return self._expand(graph, inner, given, (*chain, graph))

    # Wires ----------------------------------------------------------------------------------------------------------

    def _connect(
        self,
        ports: Mapping[str, End | None],
        required: set[str],
        spec: StepSpec,
        place: Place,
        env: dict[str, Outputs | None],
        callee: str,
    ) -> dict[str, Wire]:
        wires: dict[str, Wire] = {}
        for name, written in spec.inputs.items():
            at = (*place, "with", name)
            if name not in ports:
                message = f"{callee} has no input '{name}'"
                self.report("AE209", message, at, of_key=True, notes=self.wiring.near(name, ports))
                continue
            end = ports[name]
            wire = self._wire(written, end, env, at) if end is not None else None
            if wire is not None:
                wires[name] = wire
        for name in sorted(required - spec.inputs.keys()):
            message = f"the input '{name}' of {callee} is not wired"
            end = ports[name]
            notes = (f"it takes {end.type}",) if end is not None else ()
            self.report("AE210", message, place, of_key=True, notes=notes, fix=f"add {name}: ... under with")
        return wires

    def _wire(self, written: Any, end: End, env: dict[str, Outputs | None], place: Place) -> Wire | None:
        if isinstance(written, str):
            value = self._resolve(written, env, place, end)
            if value is None:
                return None
            if value.end is not None:
                self.edges.append(Edge(value.end, end, place))
            return value.wire
        literal = isinstance(written, dict) and set(written) == {"value"}
        if end.type.item is not None and isinstance(written, list | dict) and not literal:
            if isinstance(written, list) != (end.type.kind == "list"):
                self.report("AE206", f"'{end.label}' takes a {end.type.kind} of wires", place)
                return None
            if isinstance(written, list):
                parts = [self._wire(part, _item(end, i), env, (*place, i)) for i, part in enumerate(written)]
                return tuple(part for part in parts if part is not None)
            named = {str(k): self._wire(part, _item(end, k), env, (*place, k)) for k, part in written.items()}
            return {k: part for k, part in named.items() if part is not None}
        if literal:
            written = written["value"]
        if problem := misfit(written, end.type):
            self.report("AE215", f"the value for '{end.label}' {problem}", place)
            return None
        return Constant(written)

    def _resolve(
        self, reference: str, env: dict[str, Outputs | None], place: Place, end: End | None = None
    ) -> Value | None:
        head, _, output = reference.partition(".")
        if head not in env:
            hint = (
                ""
                if end is None or str not in end.type.values
                else f"; for the text itself write {{value: {reference}}}"
            )
            message = f"'{reference}' names no input and no step{hint}"
            self.report("AE208", message, place, notes=self.wiring.near(head, env))
            return None
        outputs = env[head]
        if outputs is None:
            self.sound = False
            return None
        value = outputs.get(output)
        if value is None:
            if output in outputs:
                self.sound = False
            elif "" in outputs:
                message = f"'{head}' has one output and no name for it: write {head}"
                self.report("AE208", message, place)
            else:
                message = f"'{head}' has no output '{output}'" if output else f"'{head}' has several outputs; name one"
                notes = self.wiring.near(output, outputs) if output else ("outputs: " + ", ".join(outputs),)
                self.report("AE208", message, place, notes=notes)
        return value

    def _held_to(self, text: str, value: Value, place: Place, label: str, scope: str) -> Value:
        try:
            type_ = parse_type(text, self.wiring.registry)
        except (ValueError, RegistryError) as error:
            self.report("AE214", str(error), (*place, "type"))
            return value
        graph = str(place[1])
        scoped = type_.map_shapes(lambda shape: shape.rename(lambda s: _scoped(s, f"{scope}<{graph}>")))
        end = End(label, scoped, place, type_.shape)
        if value.end is not None:
            self.edges.append(Edge(value.end, end, place))
            return value
        return Value(value.wire, end)


def _item(end: End, key: int | str) -> End:
    """Return the end that one item of a list or dict goes to. Sizes with names are the same for all, others its own."""
    assert end.type.item is not None

    def own(symbol: Symbol) -> Symbol:
        return _scoped(symbol, f"[{key}]") if symbol.name in ANONYMOUS else symbol

    return attrs.evolve(end, type=end.type.item.map_shapes(lambda shape: shape.rename(own)))


def _input_scope(graph: str, own: str | None) -> Callable[[Shape], Shape]:
    """Return what makes the sizes of a graph's inputs one across the graph; ``own`` is an input whose shape nobody
    wrote, and which shares the batch alone.
    """

    def rename(symbol: Symbol) -> Symbol:
        return _scoped(symbol, graph if own is None or symbol.name == "B" else f"{graph}.{own}")

    return lambda shape: shape.rename(rename)


def _scoped(symbol: Symbol, scope: str) -> Symbol:
    return Symbol(symbol.name, scope + symbol.scope)
