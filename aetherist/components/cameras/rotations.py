"""Rotations as quaternions and as rotation vectors, and rigid motions as twists.

Quaternions are Hamilton's, of length 1, with the real part first and never negative. A rotation vector is the axis
times the angle in radians. A twist is a rotation vector and the translation that goes with it, the logarithm of a
rigid motion. The formulas are those of Sola, Deray and Atchuthan 2018, "A micro Lie theory for state estimation in
robotics", appendices B and D.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.cameras.convert import invert_pose
from aetherist.components.cameras.pose import rigid

_SMALL = 1e-2


def quaternion_from_rotation(rotation: Tensor) -> Tensor:
    """Return the quaternions ``(..., 4)`` of rotations ``(..., 3, 3)``."""
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    # Four times the outer product of the quaternion with itself; in the row of the greatest diagonal nothing cancels.
    rows = [
        torch.stack([1 + a + e + i, h - f, c - g, d - b], dim=-1),
        torch.stack([h - f, 1 + a - e - i, b + d, c + g], dim=-1),
        torch.stack([c - g, b + d, 1 - a + e - i, f + h], dim=-1),
        torch.stack([d - b, c + g, f + h, 1 - a - e + i], dim=-1),
    ]
    product = torch.stack(rows, dim=-2)
    best = product.diagonal(dim1=-2, dim2=-1).argmax(dim=-1)[..., None, None]
    quaternion = F.normalize(product.gather(-2, best.expand(*best.shape[:-1], 4))[..., 0, :], dim=-1)
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def rotation_from_quaternion(quaternion: Tensor) -> Tensor:
    """Return the rotations ``(..., 3, 3)`` of quaternions ``(..., 4)``, which need not be of length 1."""
    w, x, y, z = F.normalize(quaternion, dim=-1).unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], dim=-1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], dim=-1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], dim=-1),
    ]
    return torch.stack(rows, dim=-2)


def log_rotation(rotation: Tensor) -> Tensor:
    """Return the rotation vectors ``(..., 3)`` of rotations ``(..., 3, 3)``; angles are at most half a turn."""
    quaternion = quaternion_from_rotation(rotation)
    real, imaginary = quaternion[..., :1], quaternion[..., 1:]
    length = imaginary.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(length, real)
    tiny = length < 1e-12
    return imaginary * torch.where(tiny, 2.0, angle / torch.where(tiny, 1.0, length))


def exp_rotation(vector: Tensor) -> Tensor:
    """Return the rotations ``(..., 3, 3)`` of rotation vectors ``(..., 3)``."""
    angle = vector.norm(dim=-1)[..., None, None]
    cross = _cross(vector)
    return _identity(vector) + _sine(angle) * cross + _cosine(angle) * (cross @ cross)


def log_pose(pose: Tensor) -> Tensor:
    """Return the twists ``(..., 6)`` of rigid motions ``(..., 4, 4)``."""
    vector = log_rotation(pose[..., :3, :3])
    angle = vector.norm(dim=-1)[..., None, None]
    small = angle < _SMALL
    half = torch.where(small, 1.0, angle) / 2
    factor = torch.where(small, 1 / 12 + angle**2 / 720, (1 - half / half.tan()) / (4 * half**2))
    cross = _cross(vector)
    inverse = _identity(vector) - cross / 2 + factor * (cross @ cross)
    return torch.cat([vector, (inverse @ pose[..., :3, 3:])[..., 0]], dim=-1)


def exp_pose(twist: Tensor) -> Tensor:
    """Return the rigid motions ``(..., 4, 4)`` of twists ``(..., 6)``."""
    vector = twist[..., :3]
    angle = vector.norm(dim=-1)[..., None, None]
    small = angle < _SMALL
    safe = torch.where(small, 1.0, angle)
    factor = torch.where(small, 1 / 6 - angle**2 / 120, (safe - safe.sin()) / safe**3)
    cross = _cross(vector)
    along = _identity(vector) + _cosine(angle) * cross + factor * (cross @ cross)
    return rigid(exp_rotation(vector), (along @ twist[..., 3:, None])[..., 0])


def screw(start: Tensor, end: Tensor, time: Tensor) -> Tensor:
    """Return the poses ``(N, 4, 4)`` on the screw motion from ``start`` to ``end``, at times from 0 to 1 or beyond."""
    return start @ exp_pose(time[:, None] * log_pose(invert_pose(start) @ end))


def straight(start: Tensor, end: Tensor, time: Tensor) -> Tensor:
    """Return the poses ``(N, 4, 4)`` that turn evenly about one axis (slerp) while they move on a straight line."""
    turn = exp_rotation(time[:, None] * log_rotation(start[:, :3, :3].mT @ end[:, :3, :3]))
    return rigid(start[:, :3, :3] @ turn, torch.lerp(start[:, :3, 3], end[:, :3, 3], time[:, None]))


def _sine(angle: Tensor) -> Tensor:
    """Return sin(a) / a."""
    return torch.sinc(angle / math.pi)


def _cosine(angle: Tensor) -> Tensor:
    """Return (1 - cos(a)) / a^2."""
    return torch.sinc(angle / (2 * math.pi)) ** 2 / 2


def _identity(vector: Tensor) -> Tensor:
    return torch.eye(3, dtype=vector.dtype, device=vector.device)


def _cross(vector: Tensor) -> Tensor:
    """Return the matrices ``(..., 3, 3)`` whose product with another vector is the cross product."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).reshape(*x.shape, 3, 3)
