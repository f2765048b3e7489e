"""Surface normals from depth."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Camera, Depth, Normals
from aetherist.core import Component, component


def normals_from_depth(depth: Tensor, camera: Tensor) -> Tensor:
    """Return the unit normals ``(B, 3, H, W)`` of the surfaces that a camera sees, in the camera's own axes.

    The depths are points on their rays; a normal is the cross product of the central differences between the points
    beside, and above and below, one-sided at the border. It points towards the camera: z is negative (OpenCV: x right,
    y down, z forward). Where a depth jumps, at a silhouette, the normal is that of the jump.

    Args:
        depth: ``(B, 1, H, W)``: distance along the ray through the centre of each pixel, in world units.
        camera: ``(B, 25)``; its pose does not matter.
    """
    rows, columns = depth.shape[-2:]
    fx, skew, cx, _, fy, cy = camera[:, 16:22, None, None].unbind(1)
    down, across = (
        (torch.arange(size, dtype=depth.dtype, device=depth.device) + 0.5) / size for size in (rows, columns)
    )
    y = (down[:, None] - cy) / fy
    x = (across[None, :] - cx - skew * y) / fx
    y = y.expand_as(x)
    points = F.normalize(torch.stack([x, y, torch.ones_like(x)], dim=1), dim=1) * depth
    beside = F.pad(points, (1, 1, 0, 0), mode="replicate")
    around = F.pad(points, (0, 0, 1, 1), mode="replicate")
    rightward = beside[..., 2:] - beside[..., :-2]
    downward = around[..., 2:, :] - around[..., :-2, :]
    return F.normalize(torch.linalg.cross(downward, rightward, dim=1), dim=1)


@component("rays.normals")
class NormalsFromDepth(Component):
    """Tell which way the surfaces face that rays end at, from the depths."""

    def forward(self, depth: Depth["B 1 H W"], camera: Camera["B 25"]) -> Normals["B 3 H W"]:
        """Return unit normals in the camera's axes; see :func:`normals_from_depth`."""
        return normals_from_depth(depth, camera)
