"""Converters between camera conventions; a graph shows them as steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aetherist.components.cameras.pose import rigid
from aetherist.components.types import Camera, CameraOpenGL, CameraWorldToCamera
from aetherist.core import Component, component


def invert_pose(pose: Tensor) -> Tensor:
    """Return the inverses of rigid poses ``(..., 4, 4)``."""
    rotation, translation = pose[..., :3, :3], pose[..., :3, 3]
    # Sums rather than a matrix product, whose rounding may depend on the size of the batch.
    return rigid(rotation.mT, -(rotation * translation[..., None]).sum(dim=-2))


def flip_y_and_z(pose: Tensor) -> Tensor:
    """Turn the y and z axes of cameras ``(..., 4, 4)`` round: from OpenGL to OpenCV, or back."""
    return pose * torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=pose.dtype, device=pose.device)


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
