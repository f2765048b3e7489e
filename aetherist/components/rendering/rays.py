"""Rays of pinhole cameras, and where they meet the box."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import PositiveInt
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Camera, RayDirections, RayOrigins
from aetherist.core import Component, ComponentConfig, component


class Rays(NamedTuple):
    """One ray a pixel, row by row."""

    origins: RayOrigins["B resolution resolution 3"]
    directions: RayDirections["B resolution resolution 3"]


def pinhole_rays(camera: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    """Return origins and unit directions of the rays through pixel centres, ``(B, rows, columns, 3)`` each.

    Args:
        camera: ``(B, 25)``: OpenCV camera-to-world pose and normalised intrinsics; skew is honoured.
        resolution: Rows and columns.
    """
    pose = camera[:, :16].reshape(-1, 4, 4)
    fx, skew, cx, _, fy, cy = camera[:, 16:22, None, None].unbind(1)
    centres = (torch.arange(resolution, dtype=camera.dtype, device=camera.device) + 0.5) / resolution
    y = (centres[:, None] - cy) / fy
    x = (centres[None, :] - cx - skew * y) / fx
    local = torch.stack([x, y.expand_as(x), torch.ones_like(x)], dim=-1)
    # A sum of three products rather than a matrix product, whose rounding may depend on the size of the
    # batch.
    directions = (local[..., None, :] * pose[:, None, None, :3, :3]).sum(dim=-1)
    origins = pose[:, None, None, :3, 3].expand_as(directions)
    return origins, F.normalize(directions, dim=-1)


def project(camera: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return where a camera sees points: places in the picture, distances from the eye, and which lie in front.

    Args:
        camera: ``(B, 25)``.
        points: ``(B, H, W, 3)``, in world units.

    Returns:
        Places ``(B, H, W, 2)`` in [-1, 1] from edge to edge, as ``grid_sample`` wants them; distances ``(B, H, W)``;
        and a boolean ``(B, H, W)``.
    """
    pose = camera[:, :16].reshape(-1, 4, 4)
    fx, skew, cx, _, fy, cy = camera[:, 16:22, None, None].unbind(1)
    from_eye = points - pose[:, None, None, :3, 3]
    x, y, z = (from_eye[..., None] * pose[:, None, None, :3, :3]).sum(dim=-2).unbind(-1)
    in_front = z > 1e-6
    z = torch.where(in_front, z, torch.ones_like(z))
    u = (fx * x + skew * y) / z + cx
    v = fy * y / z + cy
    return torch.stack([2.0 * u - 1.0, 2.0 * v - 1.0], dim=-1), from_eye.norm(dim=-1), in_front


def box_limits(origins: Tensor, directions: Tensor, side: float) -> tuple[Tensor, Tensor]:
    """Return where rays enter and leave the cube of a side, centred at the origin: each ``(B, R, 1)``.

    Nothing behind a ray's origin counts. A ray that misses takes the nearest entry of the rays of its picture
    that hit as its near limit, and their farthest *entry* as its far limit. Where no ray of a picture hits,
    both limits are the distance to the centre.

    Args:
        origins: ``(B, R, 3)``.
        directions: ``(B, R, 3)``.
        side: Side of the cube.
    """
    tiny = torch.full_like(directions, 1e-12)
    inverse = 1.0 / torch.where(directions.abs() < tiny, tiny, directions)
    first, second = (-side / 2 - origins) * inverse, (side / 2 - origins) * inverse
    near = torch.minimum(first, second).amax(dim=-1, keepdim=True).clamp(min=0.0)
    far = torch.maximum(first, second).amin(dim=-1, keepdim=True)
    hits = near < far
    nearest = torch.where(hits, near, torch.inf).amin(dim=1, keepdim=True)
    farthest = torch.where(hits, near, -torch.inf).amax(dim=1, keepdim=True)
    centre = origins.norm(dim=-1, keepdim=True)
    near = torch.where(hits, near, torch.where(nearest.isfinite(), nearest, centre))
    return near, torch.where(hits, far, torch.where(farthest.isfinite(), farthest, centre))


@component("rays.pinhole")
class PinholeRays(Component):
    """Cast one ray through each pixel of a pinhole camera."""

    class Config(ComponentConfig):
        """Size of the picture that the rays make."""

        resolution: PositiveInt = 64
        """Rows and columns of rays."""

    config: Config

    def forward(self, camera: Camera["B 25"]) -> Rays:
        """Return origins and unit directions in world units."""
        return Rays(*pinhole_rays(camera, self.config.resolution))
