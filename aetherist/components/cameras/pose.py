"""Camera vectors from angles and positions.

A camera is 25 numbers: an OpenCV camera-to-world pose (x right, y down, z forward; 4x4 by rows), and
intrinsics normalised by the image size (3x3 by rows). The world has y up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import torch
from torch import Tensor
from torch.nn import functional as F

PIVOT = (0.0, 0.0, 0.2)
"""What the cameras of the published face models look at."""
RADIUS = 2.7
"""How far those cameras stand from the middle of the world."""
FOCAL = 4.2647
"""Their focal length, in image widths."""


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
    return rigid(torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1), position)


def rigid(rotation: Tensor, position: Tensor) -> Tensor:
    """Return the poses ``(..., 4, 4)`` of rotations ``(..., 3, 3)`` and positions ``(..., 3)``."""
    top = torch.cat([rotation, position[..., None]], dim=-1)
    last = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=top.dtype, device=top.device).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, last], dim=-2)


def intrinsics(focal: float | Tensor, center: tuple[float, float] = (0.5, 0.5)) -> Tensor:
    """Return normalised intrinsics ``(*batch, 3, 3)`` for a focal length in image widths, a number or ``(*batch,)``."""
    focal = torch.as_tensor(focal)
    focal = focal if focal.is_floating_point() else focal.float()
    zero, one = torch.zeros_like(focal), torch.ones_like(focal)
    rows = [focal, zero, center[0] * one, zero, focal, center[1] * one, zero, zero, one]
    return torch.stack(rows, dim=-1).reshape(*focal.shape, 3, 3)


def camera_vector(pose: Tensor, matrix: Tensor) -> Tensor:
    """Return the 25 numbers ``(..., 25)`` of poses ``(..., 4, 4)`` and intrinsics ``(..., 3, 3)``."""
    matrix = matrix.expand(*pose.shape[:-2], 3, 3)
    return torch.cat([pose.flatten(-2), matrix.flatten(-2)], dim=-1)


@overload
def focal_from_fov(degrees: float) -> float: ...
@overload
def focal_from_fov(degrees: Tensor) -> Tensor: ...
def focal_from_fov(degrees: float | Tensor) -> float | Tensor:
    """Return the focal length, in image widths, of a field of view across the image, in degrees.

    Raises:
        ValueError: If an angle is not between 0 and 180 degrees.
    """
    angle = torch.as_tensor(degrees)
    if not ((angle > 0) & (angle < 180)).all():
        raise ValueError(f"a field of view of {degrees} degrees: give more than 0 and less than 180")
    if isinstance(degrees, Tensor):
        return 0.5 / torch.tan(torch.deg2rad(angle) / 2)
    return float(0.5 / torch.tan(torch.deg2rad(angle.double()) / 2))


@overload
def fov_from_focal(focal: float) -> float: ...
@overload
def fov_from_focal(focal: Tensor) -> Tensor: ...
def fov_from_focal(focal: float | Tensor) -> float | Tensor:
    """Return the field of view across the image, in degrees, of a focal length in image widths.

    Raises:
        ValueError: If a focal length is not positive.
    """
    length = torch.as_tensor(focal)
    if not (length > 0).all():
        raise ValueError(f"a focal length of {focal}: give a positive one")
    if isinstance(focal, Tensor):
        return torch.rad2deg(2 * torch.atan(0.5 / length))
    return float(torch.rad2deg(2 * torch.atan(0.5 / length.double())))


def camera_from_angles(
    yaw: float | Tensor,
    pitch: float | Tensor,
    *,
    radius: float | Tensor = RADIUS,
    pivot: Sequence[float] = PIVOT,
    focal: float | Tensor = FOCAL,
    center: Sequence[float] = (0.0, 0.0, 0.0),
) -> Tensor:
    """Return the cameras ``(*batch, 25)`` on a sphere around ``center`` that look at ``pivot``.

    At yaw and pitch 0 a camera stands on the z axis and looks along -z: a frontal view. The defaults are those of
    the published face models. Numbers and tensors may be mixed, and broadcast; gradients pass.

    Args:
        yaw: Radians; positive moves the camera towards +x.
        pitch: Radians; positive moves it up.
        radius: Distance from ``center``, in world units.
        pivot: What the camera looks at.
        focal: Focal length in image widths.
        center: The middle of the sphere.

    Raises:
        ValueError: If a camera stands on the pivot or looks straight up or down.
    """
    given = [value for value in (yaw, pitch, radius, focal) if isinstance(value, Tensor) and value.is_floating_point()]
    dtype = given[0].dtype if given else torch.float32
    device = given[0].device if given else None
    numbers = [torch.as_tensor(value, dtype=torch.float64, device=device) for value in (yaw, pitch, radius, focal)]
    batch = torch.broadcast_shapes(*(number.shape for number in numbers))
    turn, rise, distance, length = (number.expand(batch) for number in numbers)
    direction = torch.stack([turn.sin() * rise.cos(), rise.sin(), turn.cos() * rise.cos()], dim=-1)
    middle, target = (torch.tensor([float(x) for x in point]).to(direction) for point in (center, pivot))
    pose = look_at(middle + distance[..., None] * direction, target)
    return camera_vector(pose, intrinsics(length)).to(dtype)
