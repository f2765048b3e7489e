"""Camera vectors from angles and positions.

A camera is 25 numbers: an OpenCV camera-to-world pose (x right, y down, z forward; 4x4 by rows), and
intrinsics normalised by the image size (3x3 by rows). The world has y up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
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
UNITS = {"radius": "world units", "focal": "image widths"}
"""Of what says where a camera stands and is no angle."""


def look_at(position: Tensor, target: Tensor, up: Sequence[float] = (0.0, 1.0, 0.0)) -> Tensor:
    """Return the poses ``(..., 4, 4)`` of cameras at ``position`` that look at ``target``, both ``(..., 3)``.

    Raises:
        ValueError: If a camera stands on its target or looks along ``up``.
    """
    forward = target - position
    if (torch.linalg.cross(forward, _vector(up, forward).expand_as(forward)).norm(dim=-1) < 1e-6).any():
        raise ValueError("look_at: a camera stands on its target or looks along 'up'; move it, or give another 'up'")
    return aim(position, target, up)


def aim(position: Tensor, target: Tensor, up: Sequence[float] = (0.0, 1.0, 0.0)) -> Tensor:
    """Do what :func:`look_at` does, without a look at the numbers: where it would refuse, the pose is no pose."""
    forward = target - position
    right = F.normalize(torch.linalg.cross(forward, _vector(up, position).expand_as(forward)), dim=-1)
    forward = F.normalize(forward, dim=-1)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1)
    return rigid(rotation, position.expand_as(forward))


def _vector(numbers: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor([float(number) for number in numbers], dtype=like.dtype).to(like.device)


def from_spherical(yaw: Tensor, pitch: Tensor, radius: Tensor) -> Tensor:
    """Return the points ``(*batch, 3)`` at angles ``(*batch,)`` in radians and distances from the origin."""
    level = radius * pitch.cos()
    return torch.stack([level * yaw.sin(), radius * pitch.sin(), level * yaw.cos()], dim=-1)


def to_spherical(point: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the yaw and pitch in radians and the distance ``(*batch,)`` of points ``(*batch, 3)``."""
    x, y, z = point.unbind(-1)
    level = torch.hypot(x, z)
    return torch.atan2(x, z), torch.atan2(y, level), torch.hypot(level, y)


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
        ValueError: If a number is not between 0 and 180; tensors are not looked into.
    """
    if isinstance(degrees, Tensor):
        return 0.5 / torch.tan(torch.deg2rad(degrees) / 2)
    if not 0 < degrees < 180:
        raise ValueError(f"a field of view of {degrees:g} degrees: give more than 0 and less than 180")
    return 0.5 / math.tan(math.radians(degrees) / 2)


@overload
def fov_from_focal(focal: float) -> float: ...
@overload
def fov_from_focal(focal: Tensor) -> Tensor: ...
def fov_from_focal(focal: float | Tensor) -> float | Tensor:
    """Return the field of view across the image, in degrees, of a focal length in image widths.

    Raises:
        ValueError: If a number is not positive; tensors are not looked into.
    """
    if isinstance(focal, Tensor):
        return torch.rad2deg(2 * torch.atan(0.5 / focal))
    if not focal > 0:
        raise ValueError(f"a focal length of {focal:g}: give a positive one")
    return math.degrees(2 * math.atan(0.5 / focal))


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
        ValueError: If a camera stands on the pivot or looks straight up or down, or what is given is no finite number;
            tensors are not looked into.
    """
    finite(yaw=yaw, pitch=pitch, radius=radius, focal=focal)
    given = [value for value in (yaw, pitch, radius, focal) if isinstance(value, Tensor) and value.is_floating_point()]
    dtype = given[0].dtype if given else torch.float32
    device = given[0].device if given else None
    numbers = [torch.as_tensor(value, dtype=torch.float64, device=device) for value in (yaw, pitch, radius, focal)]
    batch = (numbers[0] + numbers[1] + numbers[2] + numbers[3]).shape
    turn, rise, distance, length = (number.expand(batch) for number in numbers)
    pose = look_at(_vector(center, distance) + from_spherical(turn, rise, distance), _vector(pivot, distance))
    return camera_vector(pose, intrinsics(length)).to(dtype)


def finite(**given: float | Tensor) -> None:
    """Hold that what is given is a finite number, or a tensor, which is not looked into.

    Raises:
        ValueError: Names what is none, and its unit: radians where it is an angle.
    """
    for name, value in given.items():
        if not isinstance(value, Tensor) and not (isinstance(value, Real) and math.isfinite(value)):
            raise ValueError(f"{name}={value!r}: give a finite number, in {UNITS.get(name, 'radians')}")
