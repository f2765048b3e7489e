"""What the numbers of cameras must be, and cameras drawn for the testing of components."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_TOLERANCE = 1e-3
_FOCAL = 4.2647
_SIZE = 512
"""Of the pictures that cameras in pixels are drawn for."""
_PIXELS = 50
"""Greater numbers than this in normalised intrinsics are pixels."""


def fault(camera: Tensor) -> str | None:
    """Say what is wrong with cameras of 25 numbers; a vector of another length is not looked into."""
    if camera.shape[-1] != 25:
        return None
    return _first(camera.reshape(-1, 25), lambda row: _not_finite(row) or _of_pose(row[:16]) or _of_lens(row[16:]))


def fault_in_pixels(camera: Tensor) -> str | None:
    """Say what is wrong with cameras of 25 numbers whose intrinsics are in pixels."""
    if camera.shape[-1] != 25:
        return None
    return _first(camera.reshape(-1, 25), lambda row: _not_finite(row) or _of_pose(row[:16]) or _of_pixels(row[16:]))


def pose_fault(pose: Tensor) -> str | None:
    """Say what is wrong with poses of 4x4 numbers."""
    if pose.shape[-2:] != (4, 4):
        return None
    return _first(pose.reshape(-1, 16), lambda row: _not_finite(row) or _of_pose(row))


def intrinsics_fault(matrix: Tensor) -> str | None:
    """Say what is wrong with normalised intrinsics of 3x3 numbers."""
    if matrix.shape[-2:] != (3, 3):
        return None
    return _first(matrix.reshape(-1, 9), lambda row: _not_finite(row) or _of_lens(row))


def field_of_view_fault(degrees: Tensor) -> str | None:
    """Say whether a field of view is none."""

    def of_one(row: list[float]) -> str | None:
        return None if 0 < row[0] < 180 else f"{row[0]:g} degrees is no field of view: it is between 0 and 180"

    return _first(degrees.reshape(-1, 1), of_one)


def quaternion_fault(quaternion: Tensor) -> str | None:
    """Say whether a quaternion has another length than 1."""
    if quaternion.shape[-1] != 4:
        return None

    def of_one(row: list[float]) -> str | None:
        length = math.hypot(*row)
        return None if abs(length - 1) < _TOLERANCE else f"a quaternion has length {length:.4g}, not 1"

    return _first(quaternion.reshape(-1, 4), of_one)


def _first(rows: Tensor, rule: Callable[[list[float]], str | None]) -> str | None:
    """Return the first fault that a rule finds in rows.

    The few numbers are looked at in Python: one copy from the device, and a fraction of what tensor operations cost.
    """
    listed: list[list[float]] = rows.detach().tolist()
    return next((found for row in listed if (found := rule(row)) is not None), None)


def _not_finite(row: list[float]) -> str | None:
    return None if math.isfinite(sum(row)) else "a number is not finite"


def _of_pose(pose: list[float]) -> str | None:
    a, b, c, _, d, e, f, _, g, h, i, _, *last_row = pose
    norms = (a * a + b * b + c * c - 1, d * d + e * e + f * f - 1, g * g + h * h + i * i - 1)
    products = (a * d + b * e + c * f, a * g + b * h + c * i, d * g + e * h + f * i)
    if max(map(abs, (*norms, *products))) > _TOLERANCE:
        return "the rotation (rows 0 to 2 of the 4x4 pose, columns 0 to 2) is not orthonormal"
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) < 0:
        return "the rotation mirrors: its determinant is -1, so an axis has the wrong sign"
    if _far(last_row, (0.0, 0.0, 0.0, 1.0)):
        return "the last row of the 4x4 pose is not 0 0 0 1; poses are stored by rows"
    return None


def _of_lens(matrix: list[float]) -> str | None:
    if max(map(abs, matrix[:6])) > _PIXELS:
        return "the intrinsics are in pixels; divide the first row by the image width, the second by its height"
    return _of_matrix(matrix)


def _of_pixels(matrix: list[float]) -> str | None:
    if max(map(abs, matrix[:6])) <= _PIXELS and max(matrix[2], matrix[5]) <= 1:
        return "the intrinsics are normalised, not in pixels; the converter is not needed"
    return _of_matrix(matrix)


def _of_matrix(matrix: list[float]) -> str | None:
    fx, _, _, _, fy, _, *last_row = matrix
    if fx <= 0 or fy <= 0:
        return "a focal length is not positive (numbers 16 and 20)"
    if _far(last_row, (0.0, 0.0, 1.0)):
        return "the last row of the intrinsics is not 0 0 1; intrinsics are stored by rows"
    return None


def _far(values: list[float], target: tuple[float, ...]) -> bool:
    return any(abs(value - wanted) > _TOLERANCE for value, wanted in zip(values, target, strict=True))


def _sample_camera(shape: tuple[int, ...], generator: torch.Generator, flip: bool, invert: bool) -> Tensor:
    """Draw cameras around the origin: 2.7 away, looking at it within about 0.3 radians of the front."""
    if not shape or shape[-1] != 25:
        return torch.randn(shape, generator=generator)
    angles = torch.randn((*shape[:-1], 2), generator=generator) * 0.3
    yaw, pitch = angles.unbind(-1)
    zero = torch.zeros_like(yaw)
    backward = torch.stack([yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos()], -1)
    right = torch.stack([yaw.cos(), zero, -yaw.sin()], -1)
    down = torch.linalg.cross(-backward, right)
    axes = [right, -down, backward] if flip else [right, down, -backward]
    rotation, position = torch.stack(axes, -1), 2.7 * backward
    if invert:
        rotation, position = rotation.mT, -(rotation.mT @ position[..., None])[..., 0]
    pose = torch.cat([rotation, position[..., None]], -1)
    tail = torch.tensor([0, 0, 0, 1, _FOCAL, 0, 0.5, 0, _FOCAL, 0.5, 0, 0, 1]).expand(*shape[:-1], 13)
    return torch.cat([pose.flatten(-2), tail], -1)


def sample_world(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw OpenCV camera-to-world cameras."""
    return _sample_camera(shape, generator, flip=False, invert=False)


def sample_inverse(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw OpenCV world-to-camera cameras."""
    return _sample_camera(shape, generator, flip=False, invert=True)


def sample_opengl(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw OpenGL cameras."""
    return _sample_camera(shape, generator, flip=True, invert=False)


def sample_blender(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw Blender cameras."""
    camera = sample_opengl(shape, generator)
    if shape[-1:] != (25,):
        return camera
    x, y, z = camera[..., :4], camera[..., 4:8], camera[..., 8:12]
    return torch.cat([x, -z, y, camera[..., 12:]], dim=-1)


def sample_pixels(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw OpenCV camera-to-world poses with intrinsics in pixels, of pictures of 512 pixels."""
    camera = sample_world(shape, generator)
    return torch.cat([camera[..., :16], camera[..., 16:22] * _SIZE, camera[..., 22:]], dim=-1)


def sample_pose(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw OpenCV camera-to-world poses."""
    return sample_world((*shape[:-2], 25), generator)[..., :16].reshape(shape)


def sample_intrinsics(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw normalised intrinsics."""
    matrix = sample_world((*shape[:-2], 25), generator)[..., 16:].reshape(shape).clone()
    matrix[..., :2, :] *= 0.8 + 0.4 * torch.rand((*shape[:-2], 1, 1), generator=generator)
    return matrix


def sample_angle(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw angles within about 0.3 radians."""
    return 0.3 * torch.randn(shape, generator=generator)


def sample_field_of_view(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw fields of view from 10 to 60 degrees."""
    return 10 + 50 * torch.rand(shape, generator=generator)


def sample_distance(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw distances from 2 to 3."""
    return 2 + torch.rand(shape, generator=generator)


def sample_quaternion(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw quaternions of length 1 with a real part that is not negative."""
    drawn = torch.nn.functional.normalize(torch.randn(shape, generator=generator), dim=-1)
    return torch.where(drawn[..., :1] < 0, -drawn, drawn)


def sample_pinhole(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw focal lengths and principal points in pixels, of pictures of 512 pixels."""
    return _SIZE * torch.tensor([_FOCAL, _FOCAL, 0.5, 0.5]) * (0.8 + 0.4 * torch.rand(shape, generator=generator))
