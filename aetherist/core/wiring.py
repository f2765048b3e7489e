"""From a recipe to graphs: resolves what each step calls and what each wire comes from, and inlines nested graphs.

What it cannot resolve becomes a diagnostic and stands in the graph as unknown; whatever refers to something unknown is
not reported again. Every wire also becomes an :class:`Edge`, for :mod:`aetherist.core.agreement` to hold its two ends
against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import networkx as nx

from aetherist.core.component import registry as process_registry
from aetherist.core.dims import ANONYMOUS, Shape, Symbol
from aetherist.core.document import Path as Place
from aetherist.core.errors import RegistryError, Severity, did_you_mean
from aetherist.core.graph import Constant, Graph, GraphInput, InputRef, OutputRef, Step, Wire
from aetherist.core.parts import Part, resolve_parts
from aetherist.core.ports import SCALAR, PortType, Signature, misfit
from aetherist.core.recipe import UNSET, Recipe, StepSpec
from aetherist.core.registry import Registry
from aetherist.core.typetext import parse_type

MAX_STEPS = 100_000


@attrs.frozen(eq=False)
class End:
    """One end of a wire: a port at one call site. ``declared`` is its shape before the config's sizes were put in."""

    label: str
    type: PortType
    place: Place
    declared: Shape = SCALAR
    part: Part | None = None


@attrs.frozen(eq=False)
class Edge:
    """A wire between two typed ends; ``place`` is where the recipe draws it."""

    producer: End
    consumer: End
    place: Place


@attrs.frozen(eq=False)
class _Value:
    """What a name stands for inside a graph: a wire, and the end it leaves from (a constant has none)."""

    wire: Wire
    end: End | None


_Outputs = dict[str | None, _Value]


@attrs.define(eq=False)
class Draft:
    """A graph whose wires are drawn but whose types are not solved yet."""

    graph: Graph
    edges: list[Edge]
    input_ends: dict[str, End]
    output_ends: dict[str, End | None]
    step_ends: dict[str, tuple[dict[str, End], dict[str, End]]]
    sound: bool = True


class Wiring:
    """Resolves a recipe's parts and graphs; ``diagnostics`` collects what is wrong with them."""

    def __init__(self, recipe: Recipe, registry: Registry | None = None) -> None:
        self.recipe = recipe
        self.registry = registry or process_registry
        self.parts, self.diagnostics = resolve_parts(recipe, self.registry)
        for name in self.parts.keys() & recipe.spec.graphs.keys():
            self._report("AE213", f"'{name}' names both a component and a graph", ("graphs", name), of_key=True)

    def draft(self, name: str) -> Draft:
        """Draw the graph called ``name``."""
        return _Drawing(self, name).draft

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
        inputs, env = self._graph_inputs(name)
        outputs = self._expand(name, "", env, (name,))
        graph = Graph(
            name,
            inputs,
            self.steps,
            {key: value.wire for key, value in outputs.items() if value is not None},
            {},
        )
        input_ends = {key: value[None].end for key, value in env.items() if value is not None}
        self.draft = Draft(
            graph,
            self.edges,
            {key: end for key, end in input_ends.items() if end is not None},
            {key: value.end for key, value in outputs.items() if value is not None},
            self.step_ends,
            self.sound,
        )

    def report(self, code: str, message: str, place: Place, **more: Any) -> None:
        """Note a fault; unless it is a mere warning, the graph cannot be run."""
        self.wiring._report(code, message, place, **more)
        self.sound = self.sound and more.get("severity", Severity.ERROR) is not Severity.ERROR

    # Inputs ---------------------------------------------------------------------------------------------------------

    def _graph_inputs(self, name: str) -> tuple[dict[str, GraphInput], dict[str, _Outputs | None]]:
        inputs: dict[str, GraphInput] = {}
        env: dict[str, _Outputs | None] = {}
        for key, end, default in self._declared_inputs(name, ""):
            env[key] = None
            if end is None:
                continue
            place = ("graphs", name, "inputs", key)
            inputs[key] = GraphInput(
                key, end.type, default is UNSET, None if default is UNSET else default, self.recipe.where(*place)
            )
            env[key] = {None: _Value(InputRef(key), end)}
        for broken in self.recipe.broken:
            if broken[:3] == ("graphs", name, "inputs") and len(broken) == 4:
                env[str(broken[3])] = None
        return inputs, env

    def _declared_inputs(self, name: str, scope: str) -> Iterator[tuple[str, End | None, Any]]:
        for key, spec in self.recipe.spec.graphs[name].inputs.items():
            place = ("graphs", name, "inputs", key)
            try:
                type_ = parse_type(spec.type, self.wiring.registry)
            except (ValueError, RegistryError) as error:
                self.report("AE214", str(error), place)
                yield key, None, spec.default
                continue
            declared = type_.shape
            written = "[" in spec.type
            type_ = type_.map_shapes(_input_scope(f"{scope}<{name}>", None if written else key))
            if spec.default is not UNSET and (problem := misfit(spec.default, type_)):
                self.report("AE215", f"the default of '{key}' {problem}", (*place, "default"))
            yield key, End(f"{scope}{name}.{key}", type_, place, declared), spec.default

    # Steps ----------------------------------------------------------------------------------------------------------

    def _expand(
        self, name: str, scope: str, env: dict[str, _Outputs | None], chain: tuple[str, ...]
    ) -> dict[str, _Value | None]:
        """Draw the steps of one graph under ``scope``; return what its outputs stand for."""
        spec = self.recipe.spec.graphs[name]
        env = dict(env)
        for broken in self.recipe.broken:
            if broken[:3] == ("graphs", name, "steps") and len(broken) == 4:
                env[str(broken[3])] = None
        for key in spec.steps.keys() & spec.inputs.keys():
            self.report("AE213", f"'{key}' names both an input and a step", ("graphs", name, "steps", key), of_key=True)
        for key in self._in_order(name, env):
            if len(self.steps) >= MAX_STEPS:
                self.report("AE103", f"graph '{chain[0]}' has more than {MAX_STEPS:,} steps", ("graphs", chain[0]))
                return {}
            env[key] = self._step(name, key, spec.steps[key], scope, env, chain)
        outputs: dict[str, _Value | None] = {}
        for key, output in spec.outputs.items():
            place = ("graphs", name, "outputs", key)
            value = self._resolve(output.source, env, place)
            if value is not None and output.type is not None:
                value = self._held_to(output.type, value, place, f"{scope}{name}.{key}", scope)
            outputs[key] = value
        return outputs

    def _in_order(self, name: str, env: dict[str, _Outputs | None]) -> list[str]:
        """Return the steps in an order in which they can run; steps on a cycle become unknown."""
        steps = self.recipe.spec.graphs[name].steps
        network: nx.DiGraph[str] = nx.DiGraph()
        network.add_nodes_from(steps)
        for key, step in steps.items():
            for reference in _references(step.inputs):
                head = reference.partition(".")[0]
                if head in steps and head not in self.recipe.spec.graphs[name].inputs:
                    network.add_edge(head, key)
        for group in list(nx.strongly_connected_components(network)):
            if len(group) == 1 and not network.has_edge(*(list(group) * 2)):
                continue
            first = next(key for key in steps if key in group)
            cycle = nx.find_cycle(network.subgraph(group), first)
            path = " -> ".join([cycle[0][0], *(edge[1] for edge in cycle)])
            self.report("AE211", f"steps wait for each other: {path}", ("graphs", name, "steps", first), of_key=True)
            network.remove_nodes_from(group)
            env.update(dict.fromkeys(group))
        position = {key: index for index, key in enumerate(steps)}
        return list(nx.lexicographical_topological_sort(network, key=lambda key: position[key]))

    def _step(
        self,
        graph: str,
        key: str,
        spec: StepSpec,
        scope: str,
        env: dict[str, _Outputs | None],
        chain: tuple[str, ...],
    ) -> _Outputs | None:
        place = ("graphs", graph, "steps", key)
        head, _, operation = spec.call.partition(".")
        if head in self.recipe.spec.graphs and not operation:
            return self._nested(head, place, key, spec, scope, env, chain)
        part = self.wiring.parts.get(head)
        if part is None:
            self.sound = False
            if head not in self.recipe.spec.components and not self.recipe.is_broken("components", head):
                known = [*self.recipe.spec.components, *self.recipe.spec.graphs]
                message = f"'{spec.call}' names no component and no graph of this recipe"
                self.report("AE207", message, (*place, "call"), notes=(did_you_mean(head, known),))
            return None
        operation = operation or "forward"
        if operation not in part.cls.signatures:
            operations = [name for name in part.cls.signatures if name != "forward"]
            message = f"{part.cls.component_name} has no operation '{operation}'"
            self.report("AE207", message, (*place, "call"), notes=(did_you_mean(operation, operations),))
            return None
        return self._call(part, operation, place, scope + key, spec, env)

    def _call(
        self, part: Part, operation: str, place: Place, name: str, spec: StepSpec, env: dict[str, _Outputs | None]
    ) -> _Outputs:
        signature: Signature = part.cls.signatures[operation]
        known = part.ports(operation)

        def end(port: str, label: str) -> End:
            fixed, declared = known[port]
            scoped = fixed.type.map_shapes(lambda shape: shape.rename(lambda s: _scoped(s, name)))
            return End(label, scoped, ("components", part.name), declared, part)

        inputs = {port: end(port, f"{name}.{port}") for port in signature.inputs}
        required = {key for key, port in signature.inputs.items() if port.required}
        wires = self._connect(inputs, required, spec, place, env, part.cls.component_name)
        outputs = {port: end(port, name if signature.single else f"{name}.{port}") for port in signature.outputs}
        self.steps[name] = Step(name, part, operation, signature, wires, self.recipe.where(*place, of_key=True))
        self.step_ends[name] = (inputs, outputs)
        if signature.single:
            return {None: _Value(OutputRef(name), outputs["output"])}
        return {port: _Value(OutputRef(name, port), outputs[port]) for port in outputs}

    def _nested(
        self,
        graph: str,
        place: Place,
        key: str,
        spec: StepSpec,
        scope: str,
        env: dict[str, _Outputs | None],
        chain: tuple[str, ...],
    ) -> _Outputs | None:
        if graph in chain:
            path = " -> ".join((*chain, graph))
            self.report("AE212", f"graph '{graph}' calls itself: {path}", (*place, "call"))
            return None
        inner = f"{scope}{key}."
        declared = list(self._declared_inputs(graph, inner))
        ends = {name: end for name, end, _ in declared if end is not None}
        required = {name for name, _, default in declared if default is UNSET}
        wires = self._connect(ends, required, spec, place, env, f"graph {graph}")
        given: dict[str, _Outputs | None] = {}
        for name, end, default in declared:
            wire = wires.get(name, Constant(None if default is UNSET else default))
            given[name] = None if end is None else {None: _Value(wire, end)}
        outputs = self._expand(graph, inner, given, (*chain, graph))
        return {name: value for name, value in outputs.items() if value is not None}

    # Wires ----------------------------------------------------------------------------------------------------------

    def _connect(
        self,
        ports: dict[str, End],
        required: set[str],
        spec: StepSpec,
        place: Place,
        env: dict[str, _Outputs | None],
        callee: str,
    ) -> dict[str, Wire]:
        wires: dict[str, Wire] = {}
        for name, written in spec.inputs.items():
            at = (*place, "with", name)
            if name not in ports:
                self.report(
                    "AE209", f"{callee} has no input '{name}'", at, of_key=True, notes=(did_you_mean(name, ports),)
                )
                continue
            wire = self._wire(written, ports[name], env, at)
            if wire is not None:
                wires[name] = wire
        for name in sorted(required - spec.inputs.keys()):
            message = f"the input '{name}' of {callee} is not wired"
            notes = (f"it takes {ports[name].type}",) if name in ports else ()
            self.report("AE210", message, place, of_key=True, notes=notes, fix=f"add {name}: ... under with")
        return wires

    def _wire(self, written: Any, end: End, env: dict[str, _Outputs | None], place: Place) -> Wire | None:
        if isinstance(written, str):
            value = self._resolve(written, env, place, end)
            if value is None:
                return None
            if value.end is not None:
                self.edges.append(Edge(value.end, end, place))
            return value.wire
        item = end.type.item
        if item is not None and isinstance(written, list | dict):
            if isinstance(written, list) != (end.type.kind == "list"):
                self.report("AE206", f"'{end.label}' takes a {end.type.kind} of wires", place)
                return None
            if isinstance(written, list):
                parts = [self._wire(part, _item(end, i), env, (*place, i)) for i, part in enumerate(written)]
                return tuple(part for part in parts if part is not None)
            named = {str(k): self._wire(part, _item(end, k), env, (*place, k)) for k, part in written.items()}
            return {k: part for k, part in named.items() if part is not None}
        if isinstance(written, dict) and set(written) == {"value"}:
            written = written["value"]
        if problem := misfit(written, end.type):
            self.report("AE215", f"the value for '{end.label}' {problem}", place)
            return None
        return Constant(written)

    def _resolve(
        self, reference: str, env: dict[str, _Outputs | None], place: Place, end: End | None = None
    ) -> _Value | None:
        head, _, output = reference.partition(".")
        if head not in env:
            hint = (
                ""
                if end is None or str not in end.type.values
                else f"; for the text itself write {{value: {reference}}}"
            )
            known = did_you_mean(head, env)
            self.report("AE208", f"'{reference}' names no input and no step{hint}", place, notes=(known,))
            return None
        outputs = env[head]
        if outputs is None:
            self.sound = False
            return None
        value = outputs.get(output or None)
        if value is None:
            if None in outputs:
                message = f"'{head}' has one output and no name for it: write {head}"
                self.report("AE208", message, place)
            else:
                names = [name for name in outputs if name is not None]
                message = f"'{head}' has no output '{output}'" if output else f"'{head}' has several outputs; name one"
                hint = did_you_mean(output, names) if output else "outputs: " + ", ".join(names)
                self.report("AE208", message, place, notes=(hint,))
        return value

    def _held_to(self, text: str, value: _Value, place: Place, label: str, scope: str) -> _Value:
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
        return _Value(value.wire, end)


def _references(written: Any) -> Iterator[str]:
    if isinstance(written, str):
        yield written
    elif isinstance(written, dict):
        if set(written) != {"value"}:
            for part in written.values():
                yield from _references(part)
    elif isinstance(written, list):
        for part in written:
            yield from _references(part)


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
