"""``aetherist describe``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.types import PositiveInt
from rich.text import Text

from aetherist.cli.console import columns, show, write
from aetherist.cli.failures import asked
from aetherist.cli.graphs import checked, graph_of, sizes_of
from aetherist.cli.numbers import amount, memory
from aetherist.cli.options import Graph, Overrides, Profile, Recipe, Sizes

if TYPE_CHECKING:
    from aetherist.graphs.describe import GraphCost


def describe(
    recipe: Recipe,
    /,
    *,
    graph: Graph = None,
    batch: Annotated[PositiveInt, Parameter(name=["--batch", "-b"])] = 1,
    size: Sizes = None,
    format: Literal["text", "json"] = "text",
    profile: Profile = None,
    override: Overrides = None,
) -> None:
    """Tell what the steps of a graph cost, without running them.

    The real modules are built under fake tensors, so no memory is taken and no weights are needed. FLOPs are those of
    matrix products and convolutions (a multiply-add is two); memory is the most that a step holds at once at
    inference in float32, beside its inputs and the parameters.

    Args:
        batch: The size of `B`.
        format: A table, or JSON with bytes and counts.
    """
    report = checked(recipe, profile, override)
    described = graph_of(report, graph)
    import attrs

    from aetherist.graphs.describe import describe as describe_graph

    with asked():
        cost = describe_graph(described, batch=batch, sizes=sizes_of(size))
    if format == "json":
        write(json.dumps(attrs.asdict(cost), indent=2) + "\n")
        return
    others = [name for name in report.graphs if name != cost.graph]
    _print(cost, report.recipe.name, others)


def _output(name: str, kind: str) -> str:
    """Return an output in short: a named one by name and shape, a nameless one by type and shape."""
    told, bracket, shape = kind.replace('"', "").partition("[")
    if name == "output":
        return told + bracket + shape
    return f"{name}[{shape}" if bracket else f"{name}: {told}"


def _print(cost: GraphCost, recipe: str, others: list[str]) -> None:
    given = "".join(f", {name} = {size}" for name, size in cost.sizes.items())
    show(Text.assemble((f"{recipe}: {cost.graph}", "bold"), f"  (B = {cost.batch}{given})"), "")
    rows: list[list[str | Text]] = []
    for step in cost.steps:
        outputs = "\n".join(_output(name, kind) for name, kind in step.outputs.items())
        operation = step.calls.partition(".")[2]
        called = f"{step.type}: {operation}" if operation else step.type
        parameters = "as above" if step.repeated else amount(step.parameters)
        rows.append([step.name, called, outputs, parameters, amount(step.flops), memory(step.peak_bytes)])
    rows.append(
        [Text("total", style="bold"), "", "", amount(cost.parameters), amount(cost.flops), memory(cost.peak_bytes)]
    )
    heads = ["step", "component", "outputs", "parameters", "FLOPs", "memory"]
    columns(heads, rows, right=("parameters", "FLOPs", "memory"), fold="outputs")
    show("", f"parameters take {memory(cost.parameter_bytes)} in float32, beside the memory above")
    if others:
        show(Text(f"other graphs: {', '.join(others)} (--graph)", style="dim"))
