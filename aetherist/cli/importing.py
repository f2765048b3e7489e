"""``aetherist import``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cyclopts import App

from aetherist.cli.console import say, write
from aetherist.cli.failures import UsageError

app = App(name="import", help="Turn a checkpoint of another program into a model folder.")


@app.command
def eg3d(
    source: Path,
    out: Path,
    /,
    *,
    arguments: Path | None = None,
    component: Literal["ema", "raw"] = "ema",
) -> None:
    """Import an EG3D-format checkpoint: a training-snapshot pickle, or its state dict.

    The pickle is read by a machine that resolves no class and calls nothing; anything but tensors and plain values in
    it is refused. What was mapped, dropped and left aside is printed. On failure nothing is written.

    Args:
        source: `network-snapshot.pkl`, or `weights.safetensors` with tensors named `G.<name>` and `D.<name>`.
        out: The model folder to make.
        arguments: JSON with the constructor arguments, for a state dict.
        component: The generator's moving average, or the generator as it was trained last.
    """
    for path in (source, arguments):
        if path is not None and not path.is_file():
            raise UsageError(f"{path}: there is no such file")
    from aetherist.interop.eg3d import import_eg3d

    report = import_eg3d(source, out, arguments=arguments, component=component)
    write(report.text() + "\n")
    say(f"now: aetherist generate {out} --seeds 0-7 --trunc 0.7 --grid 4x2")
