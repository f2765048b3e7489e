"""What the commands that run a model begin with: its device, its precision, and how to open it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aetherist.cli.console import warn
from aetherist.cli.failures import UsageError

if TYPE_CHECKING:
    from aetherist.graphs.model import Model

Precision = Literal["fp32", "bf16", "fp16"]

HALF_BLOCKS = 4
"""How many of the highest resolutions compute in half precision where one is asked for, as EG3D is trained."""


def device_named(name: str, said: str = "--device") -> str:
    """Return the device to use for ``--device``, or for another option or setting that ``said`` names.

    Raises:
        UsageError: If this machine has no such device.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"{said} {name}: write cpu, cuda, cuda:1, mps or auto") from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            have = f"{count} CUDA device{'s' if count > 1 else ''}" if count else "no CUDA device"
            raise UsageError(f"{said} {name}: this PyTorch sees {have}; 'aetherist doctor' says more")
    elif device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(f"{said} {name}: this PyTorch sees no Apple GPU; 'aetherist doctor' says more")
    elif device.type not in ("cpu", "mps"):
        raise UsageError(f"{said} {name}: write cpu, cuda, cuda:1, mps or auto")
    return str(device)


def open_model(source: str, device: str, overrides: list[str] | None, precision: Precision | None = None) -> Model:
    """Open a model (by folder or name) or a recipe on a device, with float32 arithmetic where it says float32."""
    from aetherist.graphs.arithmetic import exact_arithmetic
    from aetherist.graphs.model import Model
    from aetherist.graphs.sources import model_folder, require_source

    chosen = device_named(device)
    require_source(source)
    source = str(model_folder(source) or source)
    changes = list(overrides or [])
    if precision is not None:
        changes += _precision_overrides(source, precision, changes)
        if precision == "fp16" and chosen == "cpu":
            warn("fp16 is for GPUs: on a CPU the fp16 blocks compute in float32")
    if chosen.startswith("cuda"):
        exact_arithmetic()
    model = Model.open(source, overrides=changes)
    if model.manifest is None:
        warn(f"{source} is a recipe: its weights are fresh and untrained (seed 0)")
    return model.to(chosen)


def _precision_overrides(source: str, precision: Precision, overrides: list[str]) -> list[str]:
    """Return the overrides that give every component that has half-precision blocks the precision asked for."""
    from aetherist.core.check import check

    report = check(source, overrides=overrides)
    report.raise_for_errors()
    changes = []
    for name, part in report.parts.items():
        config: Any = part.config
        if not {"half_precision_blocks", "precision"} <= set(type(config).model_fields):
            continue
        place = f"components.{name}"
        if precision == "fp32":
            changes.append(f"{place}.half_precision_blocks=0")
            continue
        blocks = config.half_precision_blocks or HALF_BLOCKS
        changes += [f"{place}.half_precision_blocks={blocks}", f"{place}.precision={precision}"]
        if precision == "fp16" and getattr(config, "conv_clamp", 0) is None:
            changes.append(f"{place}.conv_clamp=256")
    return changes


def existing_folder(path: Path, option: str) -> Path:
    """Make a folder to write into, and return it.

    Raises:
        UsageError: If there is a file in its place.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{option} {path}: there is a file of that name; give a folder")
    path.mkdir(parents=True, exist_ok=True)
    return path
