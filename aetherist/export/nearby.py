"""Sampling a field finely only where its surface may be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from aetherist.export.lattice import Density, Lattice, Progress, ask
from aetherist.export.packages import needed

COARSE = 128
"""Cells along the longest side of the lattice that is sampled everywhere."""
NEIGHBOURS = 5
"""A coarse cell is sampled finely if the cube of so many cells a side around it has both inside and outside."""


def layers_nearby(
    lattice: Lattice,
    density: Density,
    level: float,
    *,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Yield what :meth:`Lattice.layers` does, but sampled only near where the field crosses a level.

    A coarser lattice of 128 cells a side is sampled first. Elsewhere the values are those of the coarse cells: on the
    right side of the level, and far from it. What is missed are details thinner than a coarse cell that stand more than
    two of them away from any surface that the coarse lattice sees.

    Args:
        lattice: With more cells a side than that, or there is nothing to be saved.
        density: Of points in world units.
        level: In the units of ``density``.
        device: Where ``density`` wants its points.
        progress: Told the share that is done, half of which is the coarser lattice.

    Raises:
        ValueError: If the density is not finite.
    """
    ndimage = needed("scipy.ndimage")
    coarse = Lattice.of(lattice.box, min(COARSE, max(lattice.counts)))
    first = None if progress is None else lambda share: progress(share / 2)
    values = np.concatenate(list(coarse.layers(density, device=device, progress=first)))
    inside = values > level
    near = ndimage.maximum_filter(inside, NEIGHBOURS) != ndimage.minimum_filter(inside, NEIGHBOURS)
    columns, rows, layers = (
        np.arange(count) * few // count for count, few in zip(lattice.counts, coarse.counts, strict=True)
    )
    for start, stop in lattice.slabs():
        places = np.ix_(layers[start:stop], rows, columns)
        found, fine = values[places], np.nonzero(near[places])
        if len(fine[0]):
            cells = np.stack([fine[2], fine[1], fine[0] + start], axis=1)
            found[fine] = ask(density, lattice.world(cells), device)
        yield found
        if progress is not None:
            progress((1 + stop / lattice.counts[2]) / 2)
