"""A graph compiled to a ``torch.fx.GraphModule``: generated code, no interpreter in the hot path.

>>> plan = Plan.build(graph, modules, outputs=["image"])   # doctest: +SKIP
>>> plan(latent=z, camera=c)["image"]                         # doctest: +SKIP
>>> avatar = plan.bind(latent=z)                              # everything that depends on the latent alone, once
>>> avatar(camera=c)["image"]                                 # doctest: +SKIP
"""

from __future__ import annotations

import copy
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import TracebackType
from typing import Any, Literal

import attrs
import torch
from torch import fx, nn

from aetherist.core.errors import did_you_mean
from aetherist.core.graph import Constant, Graph, InputRef, OutputRef, Step, Wire
from aetherist.core.inputs import InputCheck

Checks = Literal["values", "shapes", "off"]

_ASSIGNED = re.compile(r"\s*(\w+) = ")


class Plan(nn.Module):
    """An executable graph, and what is known of it.

    ``module`` is the generated :class:`torch.fx.GraphModule`; hand that to ``torch.export``. The plan around it checks
    inputs at the call and tells which step failed; under ``torch.compile`` it is the module alone.

    Attributes:
        graph: The typed graph, pruned to this plan's outputs.
        module: The generated module; the components are its children, under their names in the recipe (``train_`` and
            the like for words that modules use themselves).
        checks: ``"values"`` looks into the inputs too (a camera's rotation, say), which waits for the device;
            ``"shapes"`` looks at shapes and dtypes; ``"off"`` looks at nothing.
    """

    def __init__(
        self, graph: Graph, module: fx.GraphModule, steps: Mapping[str, Step], sizes: Mapping[Any, int] = {}
    ) -> None:
        super().__init__()
        self.graph = graph
        self.module = module
        self.checks: Checks = "values"
        self._steps = dict(steps)
        self._names = tuple(graph.inputs)
        self._inputs = InputCheck(graph, sizes)

    @classmethod
    def build(cls, graph: Graph, modules: Mapping[str, nn.Module], outputs: Iterable[str] | None = None) -> Plan:
        """Compile a graph for the outputs that are asked for (all by default).

        Args:
            graph: From a :class:`~aetherist.core.check.Report`.
            modules: The built components under their names in the recipe.

        Raises:
            ValueError: If the graph has no such output.
        """
        graph = graph.select(outputs)
        writer = _Writer(graph)
        return cls(graph, writer.module(modules), writer.steps)

    @property
    def steps(self) -> Mapping[str, Step]:
        """The step that each calling node of the generated module stands for, by the node's name."""
        return self._steps

    @property
    def code(self) -> str:
        """The generated Python."""
        return str(self.module.code).strip() + "\n"

    def forward(self, *args: Any, **inputs: Any) -> dict[str, Any]:
        """Run the graph; inputs by name, or in the order in which the recipe lists them.

        Returns:
            Each output under its name.

        Raises:
            InputError: If an input is missing, unknown, or does not fit its type.
        """
        if torch.compiler.is_compiling():
            return self.module.forward(*args, **inputs)  # type: ignore[no-any-return]
        if args:
            self._name(args, inputs)
        if self.checks != "off":
            self._inputs(inputs, values=self.checks == "values")
        try:
            return self.module.forward(**inputs)  # type: ignore[no-any-return]
        except Exception as error:
            self._explain(error, self.module, inputs)
            raise

    def _name(self, args: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        if len(args) > len(self._names):
            raise ValueError(f"{len(args)} inputs given; graph '{self.graph.name}' takes {', '.join(self._names)}")
        for name, value in zip(self._names, args, strict=False):
            if name in inputs:
                raise ValueError(f"graph '{self.graph.name}' is given its input '{name}' twice, by place and by name")
            inputs[name] = value

    def bind(self, *, keep: Iterable[str] = (), grad: bool = False, **inputs: Any) -> Plan:
        """Run once whatever depends only on ``inputs``; return the plan that is left.

        An input with a default that is not named is bound to its default, unless ``keep`` names it.

        Args:
            keep: Inputs with defaults that stay open.
            grad: Whether gradients flow from the residual plan into the bound inputs and into the components.
            inputs: The inputs to bind.

        Raises:
            InputError: If an input is unknown or does not fit.
        """
        keep = set(keep)
        for name in keep - set(self._names):
            raise ValueError(f"graph '{self.graph.name}' has no input '{name}'; {did_you_mean(name, self._names)}")
        for name, given in self.graph.inputs.items():
            if not given.required and name not in inputs and name not in keep:
                inputs[name] = given.default
        sizes = self._inputs(inputs, values=self.checks == "values", partial=True)
        first, rest, frontier = _split(self.module, set(inputs))
        with torch.set_grad_enabled(grad):
            try:
                values = first.forward(**{name: inputs[name] for name in _placeholders(first)})
            except Exception as error:
                self._explain(error, first, inputs)
                raise
        for name, value in zip(frontier, values, strict=True):
            _keep(rest, name, value.detach() if isinstance(value, torch.Tensor) and not grad else value)
        left = {name: given for name, given in self.graph.inputs.items() if name not in inputs}
        graph = attrs.evolve(self.graph, inputs=left)
        plan = Plan(graph, rest, self._steps, sizes)
        plan.checks = self.checks
        plan.training = rest.training = self.training  # the components, which are shared, stay in the mode they are in
        return plan

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        copied = Plan(self.graph, copy.deepcopy(self.module, memo), self._steps, self._inputs.sizes)
        copied.checks, copied.training = self.checks, self.training
        for name in self.module._non_persistent_buffers_set:  # which a GraphModule forgets
            copied.module._non_persistent_buffers_set.add(name)
        return copied

    def _explain(self, error: BaseException, module: fx.GraphModule, inputs: Mapping[str, Any]) -> None:
        """Note on an error which step it comes from, what went in, and where the recipe draws it."""
        for note in _unlike(module, inputs):
            error.add_note(note)
        traceback: TracebackType | None = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if "eval_with_key" in frame.f_code.co_filename:
                match = _ASSIGNED.match(linecache.getline(frame.f_code.co_filename, traceback.tb_lineno))
                node = next((node for node in module.graph.nodes if match and node.name == match.group(1)), None)
                if node is not None and node.name in self._steps:
                    error.add_note(_step_note(self._steps[node.name], node, frame.f_locals))
                return
            traceback = traceback.tb_next

    def extra_repr(self) -> str:
        """Show the graph's name, inputs and outputs where PyTorch prints the module."""
        return f"{self.graph.name}({', '.join(self._names)}) -> {', '.join(self.graph.outputs)}"

    def __repr__(self) -> str:
        return f"Plan({self.extra_repr()})"


class _Writer:
    """Writes a graph as an fx graph."""

    def __init__(self, graph: Graph) -> None:
        self.fx = fx.Graph()
        self.steps: dict[str, Step] = {}
        self.nodes: dict[str, fx.Node] = {}
        self.fields: dict[tuple[str, str], fx.Node] = {}
        self.owners: dict[str, fx.Node] = {}
        self.placeholders: dict[str, fx.Node] = {}
        self.graph = graph
        self.children = _children(graph.parts)
        for required in (True, False):
            for name, given in graph.inputs.items():
                if given.required is required:
                    default = () if required else (given.default,)
                    self.placeholders[name] = self.fx.create_node("placeholder", name, default, name=name)
        graph.inputs = {name: graph.inputs[name] for name in self.placeholders}
        for step in graph.steps.values():
            self._call(step)
        self.fx.output({name: self._value(wire) for name, wire in graph.outputs.items()})

    def module(self, modules: Mapping[str, nn.Module]) -> fx.GraphModule:
        root = nn.Module()
        for name, child in self.children.items():
            root.add_module(child, modules[name])
        return _direct(fx.GraphModule(root, self.fx, class_name=self.graph.name))

    def _call(self, step: Step) -> None:
        name = step.name.replace(".", "_")
        arguments = {port: self._value(wire) for port, wire in step.wires.items()}
        if step.operation == "forward":
            node = self.fx.create_node("call_module", self.children[step.part.name], (), arguments, name=name)
        else:
            owner = self.owners.get(step.part.name)
            if owner is None:
                owner = self.fx.create_node("get_attr", self.children[step.part.name], name=f"{step.part.name}_module")
                self.owners[step.part.name] = owner
            node = self.fx.create_node("call_method", step.operation, (owner,), arguments, name=name)
        self.nodes[step.name] = node
        self.steps[node.name] = step

    def _value(self, wire: Wire) -> Any:
        if isinstance(wire, InputRef):
            return self.placeholders[wire.name]
        if isinstance(wire, Constant):
            return wire.value
        if isinstance(wire, tuple):
            return [self._value(part) for part in wire]
        if isinstance(wire, Mapping):
            return {name: self._value(part) for name, part in wire.items()}
        assert isinstance(wire, OutputRef)
        if wire.output is None:
            return self.nodes[wire.step]
        key = (wire.step, wire.output)
        if key not in self.fields:
            step = self.nodes[wire.step]
            name = f"{step.name}_{wire.output}"
            self.fields[key] = self.fx.create_node("call_function", getattr, (step, wire.output), name=name)
        return self.fields[key]


def _children(names: Iterable[str]) -> dict[str, str]:
    """Name each component as a child of a module: as in the recipe, or with ``_`` behind a word that modules use."""
    children = {name: name for name in names}
    for name in children:
        while children[name] in _words_of_modules() or (children[name] != name and children[name] in children):
            children[name] += "_"
    return children


@cache
def _words_of_modules() -> frozenset[str]:
    return frozenset(dir(fx.GraphModule(nn.Module(), fx.Graph())))


def _direct(module: fx.GraphModule) -> fx.GraphModule:
    """Let generated code find its components as plain attributes: ``nn.Module`` looks for children last, and slowly."""
    module.__dict__.update(module.named_children())
    return module


def _placeholders(module: fx.GraphModule) -> list[str]:
    return [str(node.target) for node in module.graph.nodes if node.op == "placeholder"]


def _split(module: fx.GraphModule, bound: set[str]) -> tuple[fx.GraphModule, fx.GraphModule, list[str]]:
    """Cut a module in two: what the bound inputs determine, and the rest, which reads the cut values as attributes."""
    nodes = list(module.graph.nodes)
    known: set[fx.Node] = set()
    for node in nodes:
        if node.op == "placeholder":
            if node.target in bound:
                known.add(node)
        elif node.op != "output" and all(source in known for source in node.all_input_nodes):
            known.add(node)
    cut = [
        node
        for node in nodes
        if node in known and not _is_attribute(node) and any(user not in known for user in node.users)
    ]
    first, rest = fx.Graph(), fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in _ancestors(cut, nodes):
        copies[node] = first.node_copy(node, lambda source: copies[source])
    first.output(tuple(copies[node] for node in cut))
    left: dict[fx.Node, fx.Node] = {}
    names = [f"bound_{node.name}" for node in cut]
    for node, name in zip(cut, names, strict=True):
        left[node] = rest.create_node("get_attr", name, name=name)
    for node in nodes:
        if node not in known or (_is_attribute(node) and node not in left):
            left[node] = rest.node_copy(node, lambda source: left[source])
    rest.eliminate_dead_code(is_impure_node=lambda node: node.op in ("placeholder", "output"))
    return _owning(module, first), _owning(module, rest), names


def _owning(module: fx.GraphModule, graph: fx.Graph) -> fx.GraphModule:
    """Return a module of ``graph`` that owns those attributes of ``module`` that it uses."""
    root = nn.Module()
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr") and hasattr(module, str(node.target)):
            value = getattr(module, str(node.target))
            if isinstance(value, nn.Module):
                root.add_module(str(node.target), value)
            else:
                _keep(root, str(node.target), value)
        elif node.op == "get_attr":
            setattr(root, str(node.target), None)  # filled by the caller; fx wants it to exist
    made = fx.GraphModule(root, graph, class_name=type(module).__name__)
    for name in [str(node.target) for node in graph.nodes if node.op == "get_attr"]:
        if getattr(made, name, None) is None and hasattr(made, name):
            delattr(made, name)
    made._non_persistent_buffers_set |= root._non_persistent_buffers_set
    return _direct(made)


def _keep(module: nn.Module, name: str, value: Any) -> None:
    """Make a bound value an attribute: a buffer, which moves with the module, unless gradients flow into it."""
    if isinstance(value, torch.Tensor) and not value.requires_grad:
        module.register_buffer(name, value, persistent=False)
    else:
        setattr(module, name, value)


def _is_attribute(node: fx.Node) -> bool:
    return node.op == "get_attr"


def _ancestors(roots: list[fx.Node], nodes: list[fx.Node]) -> list[fx.Node]:
    wanted = set(roots)
    for node in reversed(nodes):
        if node in wanted:
            wanted.update(node.all_input_nodes)
    return [node for node in nodes if node in wanted]


def _unlike(module: nn.Module, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each floating input of another dtype, or on another device, than the components compute in."""
    own = next((tensor for tensor in module.parameters() if tensor.is_floating_point()), None)
    if own is None:
        return
    for name, value in inputs.items():
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            given, taken = (value.dtype, value.device.type), (own.dtype, own.device.type)
            if given != taken:
                spelled = [f"{str(dtype).removeprefix('torch.')} on {device}" for dtype, device in (given, taken)]
                yield f"the input '{name}' is {spelled[0]}, and the components compute in {spelled[1]}"


def _step_note(step: Step, node: fx.Node, values: Mapping[str, Any]) -> str:
    lines = [f"in step '{step.name}', which calls {step.calls} ({step.part.cls.component_name}), {step.where}"]
    for port, argument in node.kwargs.items():
        lines.append(f"  {port} = {_spell(argument, values)}")
    return "\n".join(lines)


def _spell(value: Any, values: Mapping[str, Any] = {}) -> str:
    if isinstance(value, fx.Node):
        return _spell(values.get(value.name))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_spell(part, values) for part in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_spell(part, values)}" for name, part in value.items()) + "}"
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)} on {value.device}"
    return repr(value)
