"""Converters between camera conventions; a graph shows them as steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from pydantic import PositiveInt
from torch import Tensor

from aetherist.components.cameras.pose import rigid
from aetherist.components.types import Camera, CameraBlender, CameraOpenGL, CameraPixels, CameraWorldToCamera
from aetherist.core import Component, ComponentConfig, component


def invert_pose(pose: Tensor) -> Tensor:
    """Return the inverses of rigid poses ``(..., 4, 4)``."""
    rotation, translation = pose[..., :3, :3], pose[..., :3, 3]
    # Sums rather than a matrix product, whose rounding may depend on the size of the batch.
    return rigid(rotation.mT, -(rotation * translation[..., None]).sum(dim=-2))


def flip_y_and_z(pose: Tensor) -> Tensor:
    """Turn the y and z axes of cameras ``(..., 4, 4)`` round: from OpenGL to OpenCV, or back."""
    return pose * torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=pose.dtype, device=pose.device)


def z_up(pose: Tensor) -> Tensor:
    """Return poses ``(..., 4, 4)`` of a world with y up and z to the front in one with z up and -y to the front."""
    x, y, z, last = pose.unbind(-2)
    return torch.stack([x, -z, y, last], dim=-2)


def y_up(pose: Tensor) -> Tensor:
    """Undo :func:`z_up`."""
    x, y, z, last = pose.unbind(-2)
    return torch.stack([x, z, -y, last], dim=-2)


def picture_scale(matrix: Tensor, width: float, height: float) -> Tensor:
    """Return the column ``(3, 1)`` that normalised intrinsics are multiplied by to be in pixels."""
    return torch.tensor([[width], [height], [1.0]], dtype=matrix.dtype, device=matrix.device)


def _posed(rule: Callable[[Tensor], Tensor], camera: Tensor) -> Tensor:
    pose = rule(camera[:, :16].reshape(-1, 4, 4))
    return torch.cat([pose.flatten(1), camera[:, 16:]], dim=-1)


@component("camera.from_world_to_camera")
class FromWorldToCamera(Component):
    """Turn world-to-camera extrinsics into camera-to-world poses."""

    def forward(self, camera: CameraWorldToCamera["B 25"]) -> Camera["B 25"]:
        """Return the inverse poses."""
        return _posed(invert_pose, camera)


@component("camera.to_world_to_camera")
class ToWorldToCamera(Component):
    """Turn camera-to-world poses into world-to-camera extrinsics."""

    def forward(self, camera: Camera["B 25"]) -> CameraWorldToCamera["B 25"]:
        """Return the inverse poses."""
        return _posed(invert_pose, camera)


@component("camera.from_opengl")
class FromOpenGL(Component):
    """Turn OpenGL poses (y up, z backward) into OpenCV ones (y down, z forward)."""

    def forward(self, camera: CameraOpenGL["B 25"]) -> Camera["B 25"]:
        """Return the poses with the y and z axes turned round."""
        return _posed(flip_y_and_z, camera)


@component("camera.to_opengl")
class ToOpenGL(Component):
    """Turn OpenCV poses (y down, z forward) into OpenGL ones (y up, z backward)."""

    def forward(self, camera: Camera["B 25"]) -> CameraOpenGL["B 25"]:
        """Return the poses with the y and z axes turned round."""
        return _posed(flip_y_and_z, camera)


@component("camera.from_blender")
class FromBlender(Component):
    """Turn Blender poses (a world with z up) into OpenCV ones in a world with y up; -y, Blender's front, becomes z."""

    def forward(self, camera: CameraBlender["B 25"]) -> Camera["B 25"]:
        """Return the poses in the other world, with the camera's y and z axes turned round."""
        return _posed(lambda pose: y_up(flip_y_and_z(pose)), camera)


@component("camera.to_blender")
class ToBlender(Component):
    """Turn OpenCV poses in a world with y up into Blender ones (a world with z up); z becomes -y, Blender's front."""

    def forward(self, camera: Camera["B 25"]) -> CameraBlender["B 25"]:
        """Return the poses in the other world, with the camera's y and z axes turned round."""
        return _posed(lambda pose: z_up(flip_y_and_z(pose)), camera)


class PictureSize(ComponentConfig):
    """Size of the picture that intrinsics in pixels are for."""

    width: PositiveInt = 512
    """Columns."""
    height: PositiveInt = 512
    """Rows."""


@component("camera.from_pixels")
class FromPixels(Component):
    """Divide intrinsics in pixels by the size of the picture."""

    class Config(PictureSize):
        """Size of the picture that the intrinsics are for."""

    config: Config

    def forward(self, camera: CameraPixels["B 25"]) -> Camera["B 25"]:
        """Return the cameras with normalised intrinsics."""
        matrix = camera[:, 16:].reshape(-1, 3, 3)
        scaled = matrix / picture_scale(matrix, self.config.width, self.config.height)
        return torch.cat([camera[:, :16], scaled.flatten(1)], dim=-1)


@component("camera.to_pixels")
class ToPixels(Component):
    """Multiply normalised intrinsics by the size of the picture."""

    class Config(PictureSize):
        """Size of the picture that the intrinsics will be for."""

    config: Config

    def forward(self, camera: Camera["B 25"]) -> CameraPixels["B 25"]:
        """Return the cameras with intrinsics in pixels."""
        matrix = camera[:, 16:].reshape(-1, 3, 3)
        scaled = matrix * picture_scale(matrix, self.config.width, self.config.height)
        return torch.cat([camera[:, :16], scaled.flatten(1)], dim=-1)
