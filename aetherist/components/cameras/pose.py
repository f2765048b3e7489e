"""Camera vectors from angles and positions.

A camera is 25 numbers: an OpenCV camera-to-world pose (x right, y down, z forward; 4x4 by rows), and
intrinsics normalised by the image size (3x3 by rows). The world has y up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def look_at(position: Tensor, target: Tensor, up: Sequence[float] = (0.0, 1.0, 0.0)) -> Tensor:
    """Return the poses ``(..., 4, 4)`` of cameras at ``position`` that look at ``target``, both ``(..., 3)``.

    Raises:
        ValueError: If a camera stands on its target or looks along ``up``.
    """
    forward = target - position
    position = position.expand_as(forward)
    right = torch.linalg.cross(forward, torch.tensor(up, dtype=position.dtype).to(position.device).expand_as(forward))
    if (right.norm(dim=-1) < 1e-6).any():
        raise ValueError("look_at: a camera stands on its target or looks along 'up'; move it, or give another 'up'")
    forward, right = F.normalize(forward, dim=-1), F.normalize(right, dim=-1)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1)
    top = torch.cat([rotation, position[..., None]], dim=-1)
    last = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=top.dtype, device=top.device).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, last], dim=-2)


def intrinsics(focal: float, center: tuple[float, float] = (0.5, 0.5)) -> Tensor:
    """Return normalised intrinsics, ``(3, 3)``, for a focal length in image widths."""
    return torch.tensor([[focal, 0.0, center[0]], [0.0, focal, center[1]], [0.0, 0.0, 1.0]])


def camera_vector(pose: Tensor, matrix: Tensor) -> Tensor:
    """Return the 25 numbers ``(..., 25)`` of poses ``(..., 4, 4)`` and intrinsics ``(..., 3, 3)``."""
    matrix = matrix.expand(*pose.shape[:-2], 3, 3)
    return torch.cat([pose.flatten(-2), matrix.flatten(-2)], dim=-1)


def focal_from_fov(degrees: float) -> float:
    """Return the focal length, in image widths, of a field of view across the image."""
    return 0.5 / math.tan(math.radians(degrees) / 2)


def camera_from_angles(
    yaw: float,
    pitch: float,
    *,
    radius: float = 2.7,
    pivot: Sequence[float] = (0.0, 0.0, 0.2),
    focal: float = 4.2647,
) -> Tensor:
    """Return the camera ``(25,)`` on a sphere around the origin that looks at ``pivot``.

    At yaw and pitch 0 it stands on the z axis and looks along -z: a frontal view. The defaults are those of
    the published face models.

    Args:
        yaw: Radians; positive moves the camera towards +x.
        pitch: Radians; positive moves it up.
        radius: Distance from the origin, in world units.
        pivot: What the camera looks at.
        focal: Focal length in image widths.

    Raises:
        ValueError: If the camera stands on the pivot or looks straight up or down.
    """
    direction = [math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)]
    position = radius * torch.tensor(direction, dtype=torch.float64)
    pose = look_at(position, torch.tensor([float(p) for p in pivot], dtype=torch.float64))
    return camera_vector(pose, intrinsics(focal).double()).float()


def orbit(
    count: int,
    *,
    yaw: float = 0.4,
    pitch: float = 0.2,
    radius: float = 2.7,
    pivot: Sequence[float] = (0.0, 0.0, 0.2),
    focal: float = 4.2647,
) -> Tensor:
    """Return ``count`` cameras ``(count, 25)`` on a closed ellipse around the frontal view.

    Args:
        count: How many.
        yaw: Greatest angle to either side, radians.
        pitch: Greatest angle up and down, radians.
        radius: As in :func:`camera_from_angles`, like the rest.
        pivot: See there.
        focal: See there.
    """
    turns = [2 * math.pi * i / count for i in range(count)]
    return torch.stack(
        [
            camera_from_angles(yaw * math.sin(t), pitch * math.cos(t), radius=radius, pivot=pivot, focal=focal)
            for t in turns
        ]
    )
