"""Converters between camera conventions; a graph shows them as steps."""

from __future__ import annotations

import torch
from torch import Tensor

from aetherist.components.types import Camera, CameraOpenGL, CameraWorldToCamera
from aetherist.core import Component, component


def invert_pose(camera: Tensor) -> Tensor:
    """Invert the rigid pose in each row of ``(B, 25)``; the intrinsics stay."""
    pose = camera[:, :16].reshape(-1, 4, 4)
    rotation, translation = pose[:, :3, :3], pose[:, :3, 3]
    # Sums rather than a matrix product, whose rounding may depend on the size of the batch.
    position = -(rotation * translation[:, :, None]).sum(dim=1)
    top = torch.cat([rotation.mT, position[:, :, None]], dim=-1)
    return torch.cat([top.flatten(1), camera[:, 12:]], dim=-1)


def flip_y_and_z(camera: Tensor) -> Tensor:
    """Turn the y and z axes of each camera of ``(B, 25)`` round: from OpenGL to OpenCV, or back."""
    signs = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=camera.dtype, device=camera.device).repeat(3)
    return torch.cat([camera[:, :12] * signs, camera[:, 12:]], dim=-1)


@component("camera.from_world_to_camera")
class FromWorldToCamera(Component):
    """Turn world-to-camera extrinsics into camera-to-world poses."""

    def forward(self, camera: CameraWorldToCamera["B 25"]) -> Camera["B 25"]:
        """Return the inverse poses."""
        return invert_pose(camera)


@component("camera.to_world_to_camera")
class ToWorldToCamera(Component):
    """Turn camera-to-world poses into world-to-camera extrinsics."""

    def forward(self, camera: Camera["B 25"]) -> CameraWorldToCamera["B 25"]:
        """Return the inverse poses."""
        return invert_pose(camera)


@component("camera.from_opengl")
class FromOpenGL(Component):
    """Turn OpenGL poses (y up, z backward) into OpenCV ones (y down, z forward)."""

    def forward(self, camera: CameraOpenGL["B 25"]) -> Camera["B 25"]:
        """Return the poses with the y and z axes turned round."""
        return flip_y_and_z(camera)


@component("camera.to_opengl")
class ToOpenGL(Component):
    """Turn OpenCV poses (y down, z forward) into OpenGL ones (y up, z backward)."""

    def forward(self, camera: Camera["B 25"]) -> CameraOpenGL["B 25"]:
        """Return the poses with the y and z axes turned round."""
        return flip_y_and_z(camera)
