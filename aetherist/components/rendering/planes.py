"""Reading the features of points from three planes.

Points are scaled by ``2 / box_warp``, projected on each plane, and read bilinearly (``align_corners=False``:
the box's faces are the outer edges of the outer pixels). The first coordinate of a plane runs along its
width. Chan et al. 2022, section 4.1.

:func:`sample_planes` is the reference, differentiable twice. :class:`PlaneTable` is the same for inference:
the planes as one table of rows, a pixel's features side by side, and one weighted gather a point, of which
nothing is kept.
"""

from __future__ import annotations

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

Axes = Literal["xy_xz_yz", "xy_xz_zx"]
Aggregate = Literal["mean", "sum"]
Padding = Literal["zeros", "border"]

AXES: dict[str, tuple[tuple[int, int], ...]] = {
    "xy_xz_yz": ((0, 1), (0, 2), (1, 2)),
    "xy_xz_zx": ((0, 1), (0, 2), (2, 0)),
}
"""Which coordinates of a point run along the width and the height of each plane."""


def sample_planes(
    planes: Tensor,
    points: Tensor,
    *,
    box_warp: float = 1.0,
    axes: Axes = "xy_xz_yz",
    aggregate: Aggregate = "mean",
    padding: Padding = "zeros",
) -> Tensor:
    """Return the features of points, ``(B, N, C)``.

    Args:
        planes: ``(B, 3, C, R, R)``.
        points: ``(B, N, 3)``, world units.
        box_warp: Side of the cube that the planes span.
        axes: Order and orientation of the planes.
        aggregate: How the three planes' features become one.
        padding: What is read outside: zeros, or the nearest pixel.
    """
    scaled = points * (2.0 / box_warp)
    grids = torch.stack([torch.stack([scaled[..., a], scaled[..., b]], dim=-1) for a, b in AXES[axes]], dim=1)
    read = F.grid_sample(planes.flatten(0, 1), grids.flatten(0, 1)[:, None], padding_mode=padding, align_corners=False)
    features = read.reshape(-1, 3, *planes.shape[2:3], points.shape[1])
    features = features.mean(dim=1) if aggregate == "mean" else features.sum(dim=1)
    return features.transpose(1, 2)


class PlaneTable:
    """The planes of a batch as rows of features, and how to find a point's rows.

    Planes that share a pair of axes are added into one when ``merge`` is set: exact, and four rows fewer a
    point, for one pass over the planes.
    """

    def __init__(
        self,
        planes: Tensor,
        *,
        box_warp: float = 1.0,
        axes: Axes = "xy_xz_yz",
        aggregate: Aggregate = "mean",
        padding: Padding = "zeros",
        merge: bool = False,
    ) -> None:
        self.batch, self.resolution = planes.shape[0], planes.shape[-1]
        self.axes, self.padding, self.box_warp = AXES[axes], padding, box_warp
        # Both coordinates' weights carry the root, so that their products carry the mean.
        self.scale = 3.0**-0.5 if aggregate == "mean" else 1.0
        if merge and axes == "xy_xz_zx":
            planes = torch.stack([planes[:, 0], planes[:, 1] + planes[:, 2].mT], dim=1)
            self.axes = self.axes[:2]
        self.planes_per_image = len(self.axes)
        # A view, not a copy, of planes whose features lie side by side.
        self.rows = rearrange(planes, "b plane c h w -> (b h w plane) c")
        right, down = self.planes_per_image, self.resolution * self.planes_per_image
        self.corners = torch.tensor([0, right, down, down + right], dtype=torch.int32, device=planes.device)

    def read(self, points: Tensor) -> Tensor:
        """Return the features of points ``(3, B, N)``, coordinates first: ``(B, N, C)``."""
        count = points.shape[-1]
        low, weights = self._locate(points.reshape(3, -1))
        size, planes = self.resolution, self.planes_per_image
        first = [(low[b] * size + low[a]) * planes + i for i, (a, b) in enumerate(self.axes)]
        base = torch.stack(first, dim=1)
        if self.batch != 1:
            images = torch.arange(self.batch, device=base.device, dtype=base.dtype) * (size * size * planes)
            base = base + images[:, None].expand(-1, count).reshape(-1, 1)
        taps = (base[:, :, None] + self.corners).flatten(1)
        read = F.embedding_bag(taps, self.rows, mode="sum", per_sample_weights=weights)
        return read.reshape(-1, count, self.rows.shape[1])

    def _locate(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return the lower pixel on each axis, ``(3, N)``, and the taps' weights, ``(N, 4 * planes)``."""
        size = self.resolution
        pixels = points * (size / self.box_warp) + (size - 1) / 2
        if self.padding == "border":
            pixels = pixels.clamp_(0.0, size - 1.0)
        low = pixels.floor().clamp_(0.0, size - 2.0)
        part = pixels - low
        # Hats around the two pixels: outside the plane they fall to zero within a pixel, as zeros around it
        # would make them.
        upper = ((part - 1.0).abs_() * -self.scale).add_(self.scale).clamp_(min=0.0)
        lower = (part.abs_() * -self.scale).add_(self.scale).clamp_(min=0.0)
        weights = points.new_empty(points.shape[1], 4 * self.planes_per_image)
        for i, (a, b) in enumerate(self.axes):
            for corner, (u, v) in enumerate(((lower, lower), (upper, lower), (lower, upper), (upper, upper))):
                weights[:, 4 * i + corner] = u[a] * v[b]
        # A point that is no number reads some row, with weights that are none either, as the reference does.
        return low.to(torch.int32).clamp_(0, size - 2), weights
