"""The port types of the field: what a tensor means, beside its dtype and shape.

Axes are ``B`` batch, ``L`` style layers, ``C`` channels, ``R`` rows and columns of a plane, ``H W`` rows and
columns of a picture, ``N`` points, ``K`` numbers.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from aetherist.components import cameravalues
from aetherist.core import NamedPort, port_type


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
    check=cameravalues.fault,
    sample=cameravalues.sample_world,
)
CameraWorldToCamera: Any = _named(
    "CameraWorldToCamera",
    "B 25",
    "camera.opencv.world_to_camera",
    "OpenCV world-to-camera extrinsics (4x4 by rows), then normalised intrinsics (3x3 by rows).",
    check=cameravalues.fault,
    sample=cameravalues.sample_inverse,
)
CameraOpenGL: Any = _named(
    "CameraOpenGL",
    "B 25",
    "camera.opengl.camera_to_world",
    "OpenGL camera-to-world pose (y up, z backward; 4x4 by rows), then normalised intrinsics (3x3 by rows).",
    check=cameravalues.fault,
    sample=cameravalues.sample_opengl,
)
CameraBlender: Any = _named(
    "CameraBlender",
    "B 25",
    "camera.blender.camera_to_world",
    "Blender camera-to-world pose (a world with z up, y up and z backward in the camera), then normalised intrinsics.",
    check=cameravalues.fault,
    sample=cameravalues.sample_blender,
)
# A word of its own rather than one more after camera_to_world: what takes normalised cameras must not take pixels.
CameraPixels: Any = _named(
    "CameraPixels",
    "B 25",
    "camera.opencv_pixels.camera_to_world",
    "OpenCV camera-to-world pose, then intrinsics in pixels (3x3 by rows).",
    check=cameravalues.fault_in_pixels,
    sample=cameravalues.sample_pixels,
)
Pose: Any = _named(
    "Pose",
    "B 4 4",
    "pose.opencv.camera_to_world",
    "OpenCV camera-to-world pose.",
    check=cameravalues.pose_fault,
    sample=cameravalues.sample_pose,
)
Intrinsics: Any = _named(
    "Intrinsics",
    "B 3 3",
    "intrinsics.normalised",
    "Intrinsics normalised by the image size.",
    check=cameravalues.intrinsics_fault,
    sample=cameravalues.sample_intrinsics,
)
Angle: Any = _named("Angle", "B", "angle.radians", "An angle in radians.", sample=cameravalues.sample_angle)
FieldOfView: Any = _named(
    "FieldOfView",
    "B",
    "angle.degrees.field_of_view",
    "Field of view across the picture, in degrees.",
    check=cameravalues.field_of_view_fault,
    sample=cameravalues.sample_field_of_view,
)
Distance: Any = _named(
    "Distance", "B", "distance.world", "A distance in world units.", sample=cameravalues.sample_distance
)
Quaternion: Any = _named(
    "Quaternion",
    "B 4",
    "rotation.quaternion.world_to_camera",
    "Rotation from the world to an OpenCV camera, as a quaternion of length 1 with its real part first.",
    check=cameravalues.quaternion_fault,
    sample=cameravalues.sample_quaternion,
)
Translation: Any = _named(
    "Translation", "B 3", "translation.world_to_camera", "Where an OpenCV camera sees the world's origin."
)
PinholePixels: Any = _named(
    "PinholePixels",
    "B 4",
    "pinhole.pixels",
    "Focal lengths and principal point in pixels: fx, fy, cx, cy.",
    sample=cameravalues.sample_pinhole,
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
Normals: Any = _named(
    "Normals",
    "B 3 H W",
    "normals.opencv.camera",
    "Unit normals of what is seen, in the camera's axes (x right, y down, z forward).",
)
Mask: Any = _named("Mask", "B 1 H W", "mask.alpha", "Opacity in [0, 1].", sample=_sample_unit)
Points: Any = _named("Points", "B N 3", "points.world", "Points in world units.", sample=_sample_points)
Density: Any = _named("Density", "B N 1", "field.density", "Density before its softplus.")
PointFeatures: Any = _named("PointFeatures", "B N C", "field.features", "Features at points.")
Logits: Any = _named("Logits", "B K", "logits", "Unnormalised scores.")
Loss: Any = _named("Loss", "", "loss", "A number to minimise.")
Seeds: Any = _named("Seeds", "B", "seed", "One integer seed a row.", dtype=Int, sample=_sample_seeds)
