"""Densities as MRC volumes, which molecule and volume viewers open (ChimeraX, Fiji, Blender)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from aetherist.base.files import whole
from aetherist.export.lattice import Box, Density, Lattice, Progress
from aetherist.export.packages import needed


def write_volume(
    path: str | Path,
    density: Density,
    *,
    box: Box | float = 1.0,
    resolution: int = 256,
    shift: float | None = None,
    label: str = "",
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> tuple[int, int, int]:
    """Write a field's density as an MRC2014 volume (mode 2, float32), whole or not at all, layer by layer.

    The values are densities per world unit, as meshes take their level. The header's lengths are world units, where
    MRC says Angstrom; its origin is the middle of the first voxel.

    Args:
        path: Where to, ``.mrc``; its folder exists.
        density: Of points in world units.
        box: Where to look; a number is the side of a cube around the origin.
        resolution: Voxels along the longest side of the box.
        shift: Given where ``density`` is before its softplus: what the renderer adds to it.
        label: A line for the header: 79 characters of ASCII at most are kept.
        device: Where ``density`` wants its points.
        progress: Told the share of the layers that are done.

    Returns:
        Voxels along x, y and z.

    Raises:
        ValueError: If the density is not finite.
        OSError: If the file cannot be written.
    """
    mrcfile = needed("mrcfile")
    path = Path(path)
    lattice = Lattice.of(box if isinstance(box, Box) else Box.cube(box), resolution)
    with (
        whole(path) as draft,
        mrcfile.new_mmap(draft, lattice.counts[::-1], mrc_mode=2, overwrite=True) as file,
    ):
        low, high, total, squares, start = np.inf, -np.inf, 0.0, 0.0, 0
        for layers in lattice.layers(density, device=device, progress=progress):
            values = torch.from_numpy(layers)
            part = (values if shift is None else F.softplus(values + shift)).numpy()
            file.data[start : start + len(part)] = part
            start += len(part)
            low, high = min(low, float(part.min())), max(high, float(part.max()))
            total += float(part.sum(dtype=np.float64))
            squares += float(np.square(part, dtype=np.float64).sum())
        mean = total / file.data.size
        file.header.dmin, file.header.dmax, file.header.dmean = low, high, mean
        file.header.rms = max(squares / file.data.size - mean**2, 0.0) ** 0.5
        file.voxel_size = tuple(lattice.spacing.tolist())
        first = lattice.world(np.zeros((1, 3)))[0]
        file.header.origin.x, file.header.origin.y, file.header.origin.z = first
        if label:
            file.add_label(label.encode("ascii", "replace").decode()[:79])
    return lattice.counts
