"""Fields whose surfaces are known exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from aetherist.export.meshes import LEVEL

RADIUS = 0.4
RING, TUBE = 0.25, 0.1


def sphere(points: Tensor) -> Tensor:
    """A ball around the origin."""
    return LEVEL + 30 * (RADIUS - points.norm(dim=-1))


def torus(points: Tensor) -> Tensor:
    """A ring that lies in the plane of x and y, as the face of a clock does for who looks along -z."""
    across = points[:, :2].norm(dim=-1) - RING
    return LEVEL + 30 * (TUBE - torch.hypot(across, points[:, 2]))


def quadrants(points: Tensor) -> Tensor:
    """A colour for each octant: red above, green to the right, blue in front."""
    return (points[:, [1, 0, 2]] > 0).float() * 0.5 + 0.25
