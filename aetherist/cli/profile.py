"""``aetherist profile``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.types import PositiveInt
from rich.text import Text

from aetherist.cli.console import columns, show, write
from aetherist.cli.failures import asked
from aetherist.cli.graphs import graph_name, sizes_of
from aetherist.cli.numbers import duration, memory
from aetherist.cli.options import Device, Graph, Overrides, Sizes, Source

if TYPE_CHECKING:
    from aetherist.graphs.profile import Profile


def profile(
    model: Source,
    /,
    *,
    graph: Graph = None,
    device: Device = "auto",
    batch: Annotated[PositiveInt, Parameter(name=["--batch", "-b"])] = 1,
    repeats: PositiveInt = 5,
    size: Sizes = None,
    format: Literal["text", "json"] = "text",
    override: Overrides = None,
) -> None:
    """Measure the time and memory of the steps of a graph.

    Runs inference on drawn inputs: once to warm up, then `--repeats` times, of which the median counts. Memory comes
    from a run of its own: what PyTorch's allocator holds at most during a step, beside the step's inputs and the
    parameters. On a CPU that leaves out buffers which kernel libraries allocate for themselves.

    Args:
        batch: The size of `B`.
        repeats: How many runs to take the median of.
        format: A table, or JSON with seconds and bytes.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # before torch is loaded: its profiler writes to stderr otherwise
    import attrs

    from aetherist.cli.models import open_model
    from aetherist.graphs.profile import profile as profile_graph

    opened = open_model(model, device, override)
    name = graph_name(opened.report.graphs, graph, opened.recipe.name)
    with asked():
        measured = profile_graph(opened, name, batch=batch, repeats=repeats, sizes=sizes_of(size))
    if format == "json":
        write(json.dumps(attrs.asdict(measured), indent=2) + "\n")
    else:
        _print(measured, opened.recipe.name)


def _print(measured: Profile, recipe: str) -> None:
    import torch

    place = measured.device
    if place == "cpu":
        threads = torch.get_num_threads()
        place = f"cpu, {threads} thread{'s' if threads > 1 else ''}"
    elif place.startswith("cuda"):
        place = f"{place}, {torch.cuda.get_device_name(place)}"
    show(Text.assemble((f"{recipe}: {measured.graph}", "bold"), f"  (B = {measured.batch}, {place})"), "")
    total = sum(step.seconds for step in measured.steps) or 1.0
    rows: list[list[str | Text]] = [
        [step.name, step.calls, duration(step.seconds), f"{step.seconds / total:.0%}", memory(step.peak_bytes)]
        for step in measured.steps
    ]
    rows.append([Text("whole graph", style="bold"), "", duration(measured.seconds), "", memory(measured.peak_bytes)])
    columns(["step", "calls", "time", "share", "memory"], rows, right=("time", "share", "memory"))
    show("", f"median of {measured.repeats} run{'s' if measured.repeats > 1 else ''} after one to warm up")
