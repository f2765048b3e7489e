"""The FFHQ-512 generator on a CPU, float32, batch 1, no autograd: each stage beside a textbook implementation.

``python -m benchmarks.generator [--quick] [--repeats N] [--threads N] [--allocator default|tuned|both]``

Both sides have the same weights and inputs and run in turns. Memory is the growth of the process's peak while a stage
runs, measured apart from the time. glibc gives large blocks back to the system, and the next stage faults them in
again; ``tuned`` measures with that switched off, in a process of its own, for both sides.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.components.rendering import PinholeRays, VolumeRenderer
from aetherist.components.superres import SuperResolution
from aetherist.components.synthesis import MappingNetwork, TriplaneSynthesis
from benchmarks import textbook
from benchmarks.measure import in_turns, seconds, table

TUNED = {
    "MALLOC_TOP_PAD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}
"""glibc settings under which freed blocks stay with the process."""


class Generator(NamedTuple):
    """The components of the FFHQ-512 configuration."""

    mapping: MappingNetwork
    planes: TriplaneSynthesis
    rays: PinholeRays
    renderer: VolumeRenderer
    superres: SuperResolution


class Stage(NamedTuple):
    """A stage: ours, the textbook's, and how to compare what they return."""

    name: str
    ours: Callable[[], Any]
    textbook: Callable[[], Any]


def build(quick: bool) -> Generator:
    """Build the generator; ``quick`` is the same at small sizes. Weights are random, with surfaces to be seen."""
    torch.manual_seed(0)
    size = {"channel_base": 2048, "channel_max": 64} if quick else {}
    parts = Generator(
        MappingNetwork.create(style_layers=10 if quick else 14),
        TriplaneSynthesis.create(resolution=64 if quick else 256, **size),
        PinholeRays.create(resolution=32 if quick else 128),
        VolumeRenderer.create(plane_axes="xy_xz_zx"),
        SuperResolution.create(resolution=128, input_resolution=32, widths=(64, 32))
        if quick
        else SuperResolution.create(),
    )
    for name, parameter in (*parts.planes.named_parameters(), *parts.superres.named_parameters()):
        if name.endswith("noise_strength"):
            torch.nn.init.constant_(parameter, 0.1)
    with torch.no_grad():
        parts.renderer.get_parameter("decoder.net.2.weight")[0] *= 50.0
    return parts


def stages(parts: Generator) -> list[Stage]:
    """Return the stages, each fed with what the stages before it gave."""
    latent, camera = torch.randn(1, 512), camera_from_angles(0.2, 0.1)[None]
    styles = parts.mapping(latent, camera)
    planes = parts.planes(styles)
    plain = planes.contiguous()
    origins, directions = parts.rays(camera)
    view = parts.renderer(planes, origins, directions)

    def further(planes: Tensor) -> Tensor:
        view = parts.renderer(planes, *parts.rays(camera))
        return parts.superres(view.image, view.features, styles)

    def further_textbook(planes: Tensor) -> Tensor:
        features, *_ = textbook.render(parts.renderer, planes, *parts.rays(camera))
        return textbook.superres(parts.superres, features[:, :3], features, styles)

    def whole() -> Tensor:
        styles = parts.mapping(latent, camera)
        view = parts.renderer(parts.planes(styles), *parts.rays(camera))
        return parts.superres(view.image, view.features, styles)

    def whole_textbook() -> Tensor:
        styles = textbook.mapping(parts.mapping, latent, camera)
        planes = textbook.planes(parts.planes, styles)
        features, *_ = textbook.render(parts.renderer, planes, *parts.rays(camera))
        return textbook.superres(parts.superres, features[:, :3], features, styles)

    return [
        Stage(
            "mapping",
            lambda: parts.mapping(latent, camera),
            lambda: textbook.mapping(parts.mapping, latent, camera),
        ),
        Stage("backbone", lambda: parts.planes(styles), lambda: textbook.planes(parts.planes, styles)),
        Stage(
            "renderer",
            lambda: parts.renderer(planes, origins, directions).features,
            lambda: textbook.render(parts.renderer, plain, origins, directions)[0],
        ),
        Stage(
            "super-resolution",
            lambda: parts.superres(view.image, view.features, styles),
            lambda: textbook.superres(parts.superres, view.image, view.features, styles),
        ),
        Stage("whole picture", whole, whole_textbook),
        Stage("further view, planes kept", lambda: further(planes), lambda: further_textbook(plain)),
    ]


def peak_megabytes(work: Callable[[], Any]) -> float | None:
    """Return by how much the process's peak grows while ``work`` runs; ``None`` where the system does not tell."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        reset.write_text("5")
        before = _status(status, "VmRSS")
        work()
        return (_status(status, "VmHWM") - before) / 1024
    except (OSError, AttributeError):
        return None


def _status(path: Path, key: str) -> int:
    line = next(line for line in path.read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1])


@torch.no_grad()
def measure(quick: bool, repeats: int) -> list[list[str]]:
    """Return a row for each stage."""
    rows = []
    for stage in stages(build(quick)):
        difference = (stage.ours() - stage.textbook()).abs().max().item()
        memory = [peak_megabytes(stage.ours), peak_megabytes(stage.textbook)]
        ours, theirs = in_turns([stage.ours, stage.textbook], repeats)
        spelled = ["n/a" if m is None else f"{m:.0f} MB" for m in memory]
        rows.append(
            [stage.name, seconds(ours), seconds(theirs), f"{theirs / ours:.2f}x", *spelled, f"{difference:.1e}"]
        )
    return rows


def isolated(allocator: str, quick: bool, repeats: int, threads: int) -> list[list[str]]:
    """Measure in a process of its own, with the allocator's settings in its environment."""
    environment = {key: value for key, value in os.environ.items() if key not in TUNED}
    environment |= TUNED if allocator == "tuned" else {}
    command = [sys.executable, "-m", "benchmarks.generator", "--inner", "--repeats", str(repeats)]
    command += ["--threads", str(threads), *(["--quick"] if quick else [])]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    rows: list[list[str]] = json.loads(done.stdout)
    return rows


def main(quick: bool = False, repeats: int = 5, threads: int = 0, allocator: str = "both") -> list[str]:
    """Measure, and return tables."""
    threads = threads or torch.get_num_threads()
    head = ("stage", "ours", "textbook", "ratio", "memory, ours", "memory, textbook", "greatest difference")
    tables = []
    for setting in ("default", "tuned") if allocator == "both" else (allocator,):
        rows = isolated(setting, quick, repeats, threads)
        spelled = " ".join(f"{key}={value}" for key, value in TUNED.items()) if setting == "tuned" else "as it comes"
        size = "quick sizes" if quick else "FFHQ-512"
        title = f"Generator, {size}, CPU, float32, batch 1, {threads} threads; allocator: {spelled}"
        tables.append(table(title, head, rows))
    return tables


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch takes")
    parser.add_argument("--allocator", choices=("default", "tuned", "both"), default="both")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inner:
        torch.set_num_threads(arguments.threads)
        print(json.dumps(measure(arguments.quick, arguments.repeats)))
    else:
        print("\n".join(main(arguments.quick, arguments.repeats, arguments.threads, arguments.allocator)))
