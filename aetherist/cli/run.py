"""``aetherist run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aetherist.cli.console import columns, say
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.graphs import graph_name
from aetherist.cli.options import Device, Graph, Overrides, Source

if TYPE_CHECKING:
    import torch

    from aetherist.core.graph import Graph as TypedGraph


def run(
    model: Source,
    /,
    *,
    inputs: Annotated[Path, Parameter(name=["--inputs", "-i"])],
    out: Path,
    graph: Graph = None,
    outputs: str | None = None,
    value: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    device: Device = "auto",
    override: Overrides = None,
) -> None:
    """Run any graph on tensors from a file.

    Inputs and outputs are safetensors files with a tensor for each name; a plain number among the inputs is a tensor of
    one element, or comes through `--set`. Only what the outputs asked for depend on is run.

    Args:
        inputs: The file to read.
        out: The file to write, whole or not at all.
        outputs: Which outputs, with commas between them; all by default.
        value: A plain input: `--set psi=0.7`.
    """
    import torch
    from safetensors.torch import save

    from aetherist.base.files import write_whole
    from aetherist.cli.models import open_model

    given = _read(inputs)
    opened = open_model(model, device, override)
    name = graph_name(opened.report.graphs, graph, opened.recipe.name)
    wanted = None if outputs is None else [part.strip() for part in outputs.split(",")]
    with asked():
        plan = opened.plan(name, wanted)
    whole = opened.report.graphs[name]
    values = {key: _value(key, tensor, whole) for key, tensor in given.items()} | _plain(value or [], whole)
    values = {k: v.to(opened.device) if isinstance(v, torch.Tensor) else v for k, v in values.items()}
    # What the whole graph takes and these outputs do not need may be there.
    unneeded = whole.inputs.keys() - plan.graph.inputs.keys()
    with torch.no_grad():
        results = plan(**{key: value for key, value in values.items() if key not in unneeded})
    made = {
        key: tensor.to("cpu", copy=True, memory_format=torch.contiguous_format) for key, tensor in _tensors(results)
    }
    write_whole(out, save(made))
    columns(["output", "dtype", "shape"], [_row(key, tensor) for key, tensor in made.items()])
    say(f"wrote {out}")


def _read(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise UsageError(f"--inputs {path}: there is no such file")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise UsageError(f"--inputs {path}: this is no safetensors file: {error}") from None


def _value(name: str, tensor: torch.Tensor, graph: TypedGraph) -> Any:
    """Return an input as its port takes it: a tensor of one element where that is a plain number."""
    given = graph.inputs.get(name)
    if given is None or given.type.kind != "value" or tensor.numel() != 1:
        return tensor
    number = tensor.item()
    return int(number) if int in given.type.values and number == int(number) else number


def _plain(written: list[str], graph: TypedGraph) -> dict[str, Any]:
    from aetherist.base.document import scalar

    values = {}
    for text in written:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"--set {text}: write NAME=VALUE, as in psi=0.7")
        given = graph.inputs.get(name)
        if given is not None and given.type.kind == "tensor":
            raise UsageError(f"--set {text}: the input '{name}' is {given.type}; it comes from the file of --inputs")
        values[name] = scalar(value.strip())
    return values


def _tensors(results: dict[str, Any]) -> list[tuple[str, torch.Tensor]]:
    """Return what a graph gave as named tensors; parts of a list or dict are named after it."""
    import torch

    found = []
    for name, value in results.items():
        if isinstance(value, torch.Tensor):
            found.append((name, value))
        elif isinstance(value, list | tuple):
            found += _tensors({f"{name}.{index}": part for index, part in enumerate(value)})
        elif isinstance(value, dict):
            found += _tensors({f"{name}.{key}": part for key, part in value.items()})
        elif isinstance(value, bool | int | float):
            found.append((name, torch.tensor(value)))
    return found


def _row(name: str, tensor: torch.Tensor) -> list[str]:
    return [name, str(tensor.dtype).removeprefix("torch."), " ".join(map(str, tensor.shape))]
