"""A graph as a drawing (Mermaid, Graphviz), as data, and as code. Nothing is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from aetherist.core.graph import Constant, Graph, InputRef, OutputRef, Step, Wire
from aetherist.core.plan import Plan
from aetherist.core.ports import PortType


def to_code(graph: Graph) -> str:
    """Return the Python that the graph compiles to."""
    return Plan.build(graph, {name: nn.Identity() for name in graph.parts}).code


def to_mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart; a nested graph is a box around its steps."""
    lines = ["flowchart LR"]
    for name, given in graph.inputs.items():
        lines.append(f'    {_id("in." + name)}(["{_mermaid(name, str(given.type))}"])')
    lines += _mermaid_steps(graph, "", "    ")
    for name, type_ in graph.output_types.items():
        lines.append(f'    {_id("out." + name)}(["{_mermaid(name, str(type_))}"])')
    for source, target, label in _edges(graph):
        lines.append(f'    {_id(source)} -- "{label}" --> {_id(target)}')
    return "\n".join(lines) + "\n"


def _mermaid_steps(graph: Graph, scope: str, indent: str) -> Iterator[str]:
    for name, step, inner in _scoped(graph, scope):
        if step is not None:
            yield f'{indent}{_id("step." + step.name)}["{_mermaid(name, _called(step))}"]'
        else:
            yield f'{indent}subgraph {_id("graph." + inner)}["{name}"]'
            yield from _mermaid_steps(graph, inner + ".", indent + "    ")
            yield f"{indent}end"


def _mermaid(name: str, detail: str) -> str:
    return f"<b>{name}</b><br/>" + detail.replace('"', "").replace("<", "#lt;").replace(">", "#gt;")


def to_dot(graph: Graph) -> str:
    """Return the graph in the language of Graphviz; a nested graph is a cluster."""
    lines = [
        f'digraph "{graph.name}" {{',
        "    rankdir=LR;",
        '    node [shape=box, style=rounded, fontname="Helvetica"];',
        '    edge [fontname="Helvetica", fontsize=10];',
    ]
    for name, given in graph.inputs.items():
        lines.append(f'    "in.{name}" [shape=oval, label="{_dot(name, str(given.type))}"];')
    lines += _dot_steps(graph, "", "    ")
    for name, type_ in graph.output_types.items():
        lines.append(f'    "out.{name}" [shape=oval, label="{_dot(name, str(type_))}"];')
    for source, target, label in _edges(graph):
        lines.append(f'    "{source}" -> "{target}" [label="{label}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _dot_steps(graph: Graph, scope: str, indent: str) -> Iterator[str]:
    for name, step, inner in _scoped(graph, scope):
        if step is not None:
            yield f'{indent}"step.{step.name}" [label="{_dot(name, _called(step))}"];'
        else:
            yield f'{indent}subgraph "cluster_{inner}" {{'
            yield f'{indent}    label="{name}";'
            yield from _dot_steps(graph, inner + ".", indent + "    ")
            yield f"{indent}}}"


def _dot(name: str, detail: str) -> str:
    return f"{name}\\n" + detail.replace('"', "")


def to_data(graph: Graph) -> dict[str, Any]:
    """Return the graph as JSON-ready data: inputs, steps in order, outputs, each port with its solved type."""
    return {
        "name": graph.name,
        "inputs": [
            {"name": name, "type": type_data(given.type), "required": given.required, "default": given.default}
            for name, given in graph.inputs.items()
        ],
        "steps": [_step_data(step) for step in graph.steps.values()],
        "outputs": [
            {"name": name, "type": type_data(type_), "from": _wire_data(graph.outputs[name])}
            for name, type_ in graph.output_types.items()
        ],
    }


def type_data(type_: PortType) -> dict[str, Any]:
    """Return a port type as JSON-ready data."""
    data: dict[str, Any] = {"text": str(type_), "kind": type_.kind, "nullable": type_.nullable}
    if type_.kind == "tensor":
        data |= {
            "dtype": _family(type_),
            "shape": [str(axis) for axis in type_.shape.axes],
            "meaning": type_.meaning,
        }
    return data


def _family(type_: PortType) -> str:
    """Return the kind of number that a tensor holds, in one word."""
    names = type_.dtypes
    families = [family for family in ("float", "int", "bool") if names and any(n.startswith(family) for n in names)]
    return families[0] if len(families) == 1 else "any"


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "calls": step.calls,
        "component": step.part.name,
        "type": step.part.cls.component_name,
        "operation": step.operation,
        "inputs": [
            {"name": name, "type": type_data(type_), "from": _wire_data(step.wires.get(name))}
            for name, type_ in step.inputs.items()
        ],
        "outputs": [{"name": name, "type": type_data(type_)} for name, type_ in step.outputs.items()],
    }


def _wire_data(wire: Wire | None) -> Any:
    if wire is None:
        return None
    if isinstance(wire, tuple):
        return [_wire_data(part) for part in wire]
    if isinstance(wire, InputRef):
        return {"input": wire.name}
    if isinstance(wire, OutputRef):
        return {"step": wire.step, "output": wire.output}
    if isinstance(wire, Constant):
        return {"value": wire.value}
    return {name: _wire_data(part) for name, part in wire.items()}


def _scoped(graph: Graph, scope: str) -> Iterator[tuple[str, Step | None, str]]:
    """Yield what lies directly under a scope, in order: steps, and the nested graphs that hold further ones."""
    seen = set()
    for name, step in graph.steps.items():
        if not name.startswith(scope):
            continue
        head, nested, _ = name.removeprefix(scope).partition(".")
        if not nested:
            yield head, step, ""
        elif head not in seen:
            seen.add(head)
            yield head, None, scope + head


def _edges(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield each wire once: where it leaves, where it arrives, and what to write on it."""
    for step in graph.steps.values():
        for port, wire in step.wires.items():
            for source in _ends(wire):
                yield _origin(source), f"step.{step.name}", _label(source, port)
    for name, wire in graph.outputs.items():
        for source in _ends(wire):
            yield _origin(source), f"out.{name}", _label(source, name)


def _ends(wire: Wire) -> Iterator[InputRef | OutputRef]:
    if isinstance(wire, InputRef | OutputRef):
        yield wire
    elif isinstance(wire, tuple):
        for part in wire:
            yield from _ends(part)
    elif isinstance(wire, Mapping):
        for part in wire.values():
            yield from _ends(part)


def _origin(source: InputRef | OutputRef) -> str:
    return f"in.{source.name}" if isinstance(source, InputRef) else f"step.{source.step}"


def _label(source: InputRef | OutputRef, port: str) -> str:
    """Return the names at the two ends of a wire, said once where they agree or the end has none."""
    start = source.output if isinstance(source, OutputRef) else source.name
    return port if start in (None, port) else f"{start} to {port}"


def _called(step: Step) -> str:
    kind = step.part.cls.component_name
    return kind if step.operation == "forward" else f"{kind}: {step.operation}"


def _id(name: str) -> str:
    return name.replace(".", "__")
