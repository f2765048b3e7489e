"""Meshes of a field: seconds and peak memory by resolution, and the same surface out of the whole volume at once.

Ratios are of processor seconds, which other programs on the machine disturb least.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aetherist.components.rendering import VolumeRenderer
from aetherist.export.lattice import Box, Lattice
from aetherist.export.meshes import LEVEL, extract_mesh
from aetherist.export.nearby import COARSE
from benchmarks.generator import peak_megabytes
from benchmarks.measure import seconds, table

RESOLUTIONS = (128, 256, 512)
QUICK = (32, 64)
THOROUGH = 256
"""Up to this resolution every cell is sampled too, to compare; beyond it that takes many minutes."""


def ball(points: Tensor) -> Tensor:
    """Return a density whose surface is a sphere: no work to speak of."""
    return LEVEL + 30.0 * (0.35 - points.norm(dim=-1))


def field() -> Callable[[Tensor], Tensor]:
    """Return the density of FFHQ-512's field with random weights, laid over a ball so that there is one surface."""
    torch.manual_seed(0)
    renderer = VolumeRenderer.create(plane_axes="xy_xz_zx")
    planes = torch.randn(1, 3, 256, 256, 32).movedim(-1, 2)  # a pixel's features side by side, as synthesis gives them
    return lambda points: ball(points) + 0.1 * renderer.query(planes, points[None]).density[0, :, 0]


def whole(density: Callable[[Tensor], Tensor], resolution: int) -> int:
    """Draw the surface out of the whole volume, as is usual; return how many faces it has."""
    from skimage.measure import marching_cubes

    lattice = Lattice.of(Box.cube(1.0), resolution)
    volume = np.concatenate(list(lattice.layers(density)))
    return len(marching_cubes(volume, LEVEL)[1])


@torch.no_grad()
def measure(what: str, resolution: int) -> dict[str, Any]:
    """Measure one way at one resolution; the process should be a fresh one."""
    density = ball if what in ("ball", "whole") else field()
    found: dict[str, Any] = {}

    def work() -> None:
        start, busy = time.perf_counter(), time.process_time()
        if what == "whole":
            found["faces"] = whole(density, resolution)
        else:
            mesh = extract_mesh(density, resolution=resolution, thorough=what == "thorough")
            found["faces"] = len(mesh.faces)
        found["seconds"] = time.perf_counter() - start
        found["busy"] = time.process_time() - busy

    extract_mesh(ball, resolution=8)
    found["memory"] = peak_megabytes(work)
    return found


def isolated(what: str, resolution: int) -> dict[str, Any]:
    """Measure in a process of its own, so that no memory is left from before."""
    command = [sys.executable, "-m", "benchmarks.meshes", "--inner", what, str(resolution)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main(quick: bool = False) -> list[str]:
    """Measure, and return tables."""
    resolutions = QUICK if quick else RESOLUTIONS
    rows = []
    for resolution in resolutions:
        mesh = isolated("field", resolution)
        row = [f"{resolution}^3", seconds(mesh["seconds"]), seconds(mesh["busy"]), _memory(mesh)]
        if COARSE < resolution <= THOROUGH:
            every = isolated("thorough", resolution)
            row += [seconds(every["busy"]), f"{every['busy'] / mesh['busy']:.1f}x"]
        rows.append(row + [""] * (6 - len(row)))
    head = ("resolution", "a mesh", "processor", "memory", "thorough, processor", "ratio")
    tables = [table("Mesh of the field of FFHQ-512, CPU, float32", head, rows)]
    rows = []
    for resolution in resolutions:
        ours, theirs = isolated("ball", resolution), isolated("whole", resolution)
        times = [ours["busy"], theirs["busy"]]
        ratio = f"{times[1] / times[0]:.2f}x"
        rows.append([f"{resolution}^3", *map(seconds, times), ratio, _memory(ours), _memory(theirs)])
    head = ("resolution", "by layers, processor", "whole volume", "ratio", "memory, by layers", "memory, whole volume")
    tables.append(table("Mesh of a ball, whose field costs next to nothing", head, rows))
    return tables


def _memory(found: dict[str, Any]) -> str:
    return "n/a" if found["memory"] is None else f"{found['memory']:.0f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inner", nargs=2, metavar=("WHAT", "RESOLUTION"), help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    arguments = parser.parse_args()
    if arguments.inner:
        print(json.dumps(measure(arguments.inner[0], int(arguments.inner[1]))))
    else:
        print("\n".join(main(arguments.quick)))
