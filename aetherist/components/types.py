"""The port types of the field: what a tensor means, beside its dtype and shape.

Axes are ``B`` batch, ``L`` style layers, ``C`` channels, ``R`` rows and columns of a plane, ``H W`` rows and
columns of a picture, ``N`` points, ``K`` numbers.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from aetherist.core import NamedPort, port_type

_TOLERANCE = 1e-3
_FOCAL = 4.2647


def _camera_fault(camera: Tensor) -> str | None:
    """Say what is wrong with cameras of 25 numbers; a vector of another length is not looked into.

    The few numbers are looked at in Python: one copy from the device, and a fraction of what tensor operations cost.
    """
    if camera.shape[-1] != 25:
        return None
    rows: list[list[float]] = camera.detach().reshape(-1, 25).tolist()
    return next((fault for row in rows if (fault := _fault_of_one(row)) is not None), None)


def _fault_of_one(camera: list[float]) -> str | None:
    a, b, c, _, d, e, f, _, g, h, i, _, *last_row = camera[:16]
    fx, skew, cx, below, fy, cy, *last_of_intrinsics = camera[16:]
    if not math.isfinite(sum(camera)):
        return "a number is not finite"
    norms = (a * a + b * b + c * c - 1, d * d + e * e + f * f - 1, g * g + h * h + i * i - 1)
    products = (a * d + b * e + c * f, a * g + b * h + c * i, d * g + e * h + f * i)
    if max(map(abs, (*norms, *products))) > _TOLERANCE:
        return "the rotation (rows 0 to 2 of the 4x4 pose, columns 0 to 2) is not orthonormal"
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) < 0:
        return "the rotation mirrors: its determinant is -1, so an axis has the wrong sign"
    if _far(last_row, (0.0, 0.0, 0.0, 1.0)):
        return "the last row of the 4x4 pose is not 0 0 0 1; poses are stored by rows"
    if max(map(abs, (fx, skew, cx, below, fy, cy))) > 50:
        return "the intrinsics are in pixels; divide the first row by the image width, the second by its height"
    if fx <= 0 or fy <= 0:
        return "a focal length is not positive (numbers 16 and 20)"
    if _far(last_of_intrinsics, (0.0, 0.0, 1.0)):
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


def _sample_world(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return _sample_camera(shape, generator, flip=False, invert=False)


def _sample_inverse(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return _sample_camera(shape, generator, flip=False, invert=True)


def _sample_opengl(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return _sample_camera(shape, generator, flip=True, invert=False)


def _sample_seeds(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(0, 2**31, shape, generator=generator)


def _sample_points(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator) - 0.5


def _sample_directions(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    toward = torch.randn(shape, generator=generator) * 0.1
    toward[..., -1] = -1.0
    return torch.nn.functional.normalize(toward, dim=-1)


def _sample_origins(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    origins = torch.randn(shape, generator=generator) * 0.1
    origins[..., -1] += 2.7
    return origins


def _sample_unit(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator)


def _named(name: str, shape: str, meaning: str, doc: str, dtype: Any = Float, **rest: Any) -> Any:
    return port_type(NamedPort(name, dtype, shape, meaning=meaning, doc=doc, **rest))


Latent: Any = _named("Latent", "B latent_dim", "latent.z", "A latent drawn from the unit normal distribution.")
Styles: Any = _named("Styles", "B L style_dim", "latent.w", "One style vector for each style layer.")
Camera: Any = _named(
    "Camera",
    "B 25",
    "camera.opencv.camera_to_world",
    "OpenCV camera-to-world pose (4x4 by rows), then intrinsics normalised by the image size (3x3 by rows).",
    check=_camera_fault,
    sample=_sample_world,
)
CameraWorldToCamera: Any = _named(
    "CameraWorldToCamera",
    "B 25",
    "camera.opencv.world_to_camera",
    "OpenCV world-to-camera extrinsics (4x4 by rows), then normalised intrinsics (3x3 by rows).",
    check=_camera_fault,
    sample=_sample_inverse,
)
CameraOpenGL: Any = _named(
    "CameraOpenGL",
    "B 25",
    "camera.opengl.camera_to_world",
    "OpenGL camera-to-world pose (y up, z backward; 4x4 by rows), then normalised intrinsics (3x3 by rows).",
    check=_camera_fault,
    sample=_sample_opengl,
)
Planes: Any = _named("Planes", "B 3 C R R", "planes.triplane", "Three axis-aligned feature planes.")
RayOrigins: Any = _named(
    "RayOrigins", "B H W 3", "rays.origins", "Where each ray starts, in world units.", sample=_sample_origins
)
RayDirections: Any = _named(
    "RayDirections", "B H W 3", "rays.directions", "Unit direction of each ray.", sample=_sample_directions
)
Image: Any = _named("Image", "B 3 H W", "image.signed", "A picture in [-1, 1].")
ImageUnit: Any = _named("ImageUnit", "B 3 H W", "image.unit", "A picture in [0, 1].", sample=_sample_unit)
Features: Any = _named("Features", "B C H W", "features.image", "A feature picture; the first three are its colours.")
FeatureMaps: Any = _named("FeatureMaps", "B C H W", "features.network", "What a layer of a network makes of a picture.")
Embedding: Any = _named("Embedding", "B D", "embedding", "A vector that a network describes a picture by.")
Depth: Any = _named("Depth", "B 1 H W", "depth.ray", "Distance along the ray, in world units.")
Mask: Any = _named("Mask", "B 1 H W", "mask.alpha", "Opacity in [0, 1].", sample=_sample_unit)
Points: Any = _named("Points", "B N 3", "points.world", "Points in world units.", sample=_sample_points)
Density: Any = _named("Density", "B N 1", "field.density", "Density before its softplus.")
PointFeatures: Any = _named("PointFeatures", "B N C", "field.features", "Features at points.")
Logits: Any = _named("Logits", "B K", "logits", "Unnormalised scores.")
Loss: Any = _named("Loss", "", "loss", "A number to minimise.")
Seeds: Any = _named("Seeds", "B", "seed", "One integer seed a row.", dtype=Int, sample=_sample_seeds)
