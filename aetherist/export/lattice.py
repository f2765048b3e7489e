"""A box of space and the lattice that a field is sampled on, a few layers at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Self

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Density = Callable[[Tensor], Tensor]
"""Points ``(N, 3)`` in world units to their density, ``(N,)`` or ``(N, 1)``."""
Progress = Callable[[float], None]
"""Is told the share of the work that is done, from 0 to 1."""
Corner = tuple[float, float, float]

QUERY = 1 << 17
"""Points that a field is asked about at once."""
SLAB = 1 << 20
"""Values that are held at once, or one layer if that is more."""


def _corner(values: object) -> Corner:
    x, y, z = (float(value) for value in values)  # type: ignore[attr-defined]
    return x, y, z


@attrs.frozen
class Box:
    """A box along the axes, in world units.

    Attributes:
        lower: Its least x, y and z.
        upper: Its greatest.

    Raises:
        ValueError: If it has no volume.
    """

    lower: Corner = attrs.field(converter=_corner)
    upper: Corner = attrs.field(converter=_corner)

    def __attrs_post_init__(self) -> None:
        if not all(low < high and math.isfinite(high - low) for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"the box from {self.lower} to {self.upper} has no volume; give the lower corner first")

    @classmethod
    def cube(cls, side: float) -> Self:
        """Return the cube around the origin, as planes of features span it (``box_warp`` of the renderer)."""
        half = side / 2
        return cls((-half, -half, -half), (half, half, half))

    @property
    def sides(self) -> Corner:
        """Its lengths along x, y and z."""
        x, y, z = (high - low for low, high in zip(self.lower, self.upper, strict=True))
        return x, y, z


@attrs.frozen
class Lattice:
    """Cells that fill a box, about cubic; the field is sampled in the middle of each.

    Attributes:
        box: What they fill.
        counts: How many along x, y and z, two at least.
    """

    box: Box
    counts: tuple[int, int, int]

    @classmethod
    def of(cls, box: Box, resolution: int) -> Self:
        """Return the lattice with ``resolution`` cells along the longest side.

        Raises:
            ValueError: If the resolution is below 2.
        """
        if resolution < 2:
            raise ValueError(f"a resolution of {resolution}: give 2 or more cells a side")
        step = max(box.sides) / resolution
        x, y, z = (max(2, round(side / step)) for side in box.sides)
        return cls(box, (x, y, z))

    @property
    def spacing(self) -> NDArray[np.float64]:
        """The sides of a cell, along x, y and z."""
        return np.divide(self.box.sides, self.counts)

    def world(self, cells: NDArray[Any]) -> NDArray[np.float32]:
        """Return the points ``(N, 3)`` at places counted in cells, whole numbers being their middles."""
        points: NDArray[np.float32] = (np.asarray(self.box.lower) + (cells + 0.5) * self.spacing).astype(np.float32)
        return points

    def layers(
        self, density: Density, *, device: str | torch.device = "cpu", progress: Progress | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Sample a field and yield its values ``(k, Y, X)``, some layers of z at a time, from the lowest.

        Raises:
            ValueError: If the field gives other than a number a point, or one that is not finite.
        """
        columns, rows, layers = self.counts
        for start, stop in self.slabs():
            grid = np.meshgrid(np.arange(start, stop), np.arange(rows), np.arange(columns), indexing="ij")
            cells = np.stack([axis.reshape(-1) for axis in reversed(grid)], axis=1)
            yield ask(density, self.world(cells), device).reshape(-1, rows, columns)
            if progress is not None:
                progress(stop / layers)

    def slabs(self) -> Iterator[tuple[int, int]]:
        """Yield the first layer and the one after the last of each slab that is held at once."""
        columns, rows, layers = self.counts
        at_once = max(1, SLAB // (columns * rows))
        return ((start, min(start + at_once, layers)) for start in range(0, layers, at_once))


@torch.no_grad()
def ask(density: Density, points: NDArray[np.float32], device: str | torch.device = "cpu") -> NDArray[np.float32]:
    """Return the density at points ``(N, 3)``, ``(N,)``.

    Raises:
        ValueError: If the field gives other than a number a point, or one that is not finite.
    """
    found = []
    for part in torch.split(torch.from_numpy(points), QUERY):
        values = density(part.to(device)).detach()
        if values.numel() != len(part):
            raise ValueError(f"the density of {len(part)} points has the shape {tuple(values.shape)}; give one a point")
        found.append(values.reshape(-1).float().cpu())
    whole = torch.cat(found)
    if not whole.isfinite().all():
        raise ValueError("the density has values that are not finite: the weights are damaged (a training diverged?)")
    values_found: NDArray[np.float32] = whole.numpy()
    return values_found
