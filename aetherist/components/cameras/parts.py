"""Cameras from their parts, and their parts again: matrices, angles, field of view, quaternion and translation."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import PositiveFloat
from torch import Tensor

from aetherist.components.cameras.convert import PictureSize, invert_pose, picture_scale
from aetherist.components.cameras.pose import (
    FOCAL,
    PIVOT,
    RADIUS,
    aim,
    camera_vector,
    focal_from_fov,
    fov_from_focal,
    from_spherical,
    intrinsics,
    rigid,
    to_spherical,
)
from aetherist.components.cameras.rotations import quaternion_from_rotation, rotation_from_quaternion
from aetherist.components.types import (
    Angle,
    Camera,
    Distance,
    FieldOfView,
    Intrinsics,
    PinholePixels,
    Pose,
    Quaternion,
    Translation,
)
from aetherist.core import Component, ComponentConfig, component


class Matrices(NamedTuple):
    """A camera as two matrices."""

    pose: Pose["B 4 4"]
    intrinsics: Intrinsics["B 3 3"]


class Angles(NamedTuple):
    """Where a camera stands around the origin."""

    yaw: Angle["B"]
    pitch: Angle["B"]
    radius: Distance["B"]


class ColmapCamera(NamedTuple):
    """A camera as COLMAP writes it."""

    quaternion: Quaternion["B 4"]
    translation: Translation["B 3"]
    lens: PinholePixels["B 4"]


@component("camera.from_matrices")
class FromMatrices(Component):
    """Put poses and intrinsics together as cameras of 25 numbers."""

    def forward(self, pose: Pose["B 4 4"], intrinsics: Intrinsics["B 3 3"]) -> Camera["B 25"]:
        """Return both by rows."""
        return camera_vector(pose, intrinsics)


@component("camera.to_matrices")
class ToMatrices(Component):
    """Take cameras of 25 numbers apart into poses and intrinsics."""

    def forward(self, camera: Camera["B 25"]) -> Matrices:
        """Return the two matrices."""
        return Matrices(camera[:, :16].reshape(-1, 4, 4), camera[:, 16:].reshape(-1, 3, 3))


@component("camera.from_angles")
class FromAngles(Component):
    """Place cameras on a sphere around the origin, by yaw and pitch, that look at a pivot."""

    class Config(ComponentConfig):
        """The sphere and the lens; the defaults are those of the published face models."""

        radius: PositiveFloat = RADIUS
        """Distance from the origin, in world units."""
        pivot: tuple[float, float, float] = PIVOT
        """What the cameras look at."""
        focal: PositiveFloat = FOCAL
        """Focal length in image widths."""

    config: Config

    def forward(self, yaw: Angle["B"], pitch: Angle["B"]) -> Camera["B 25"]:
        """Return the cameras; one that looks straight up or down is none.

        Args:
            yaw: Positive moves a camera towards +x; 0 is in front.
            pitch: Positive moves it up.
        """
        position = from_spherical(yaw, pitch, torch.full_like(yaw, self.config.radius))
        target = torch.tensor(self.config.pivot, dtype=yaw.dtype, device=yaw.device)
        return camera_vector(aim(position, target), intrinsics(torch.full_like(yaw, self.config.focal)))


@component("camera.to_angles")
class ToAngles(Component):
    """Find the yaw, pitch and distance of cameras around the origin."""

    def forward(self, camera: Camera["B 25"]) -> Angles:
        """Return where the cameras stand; where they look is not asked."""
        return Angles(*to_spherical(camera[:, 3:12:4]))


@component("camera.from_fov")
class FromFieldOfView(Component):
    """Give poses a lens with a field of view; its principal point is in the middle."""

    def forward(self, pose: Pose["B 4 4"], fov: FieldOfView["B"]) -> Camera["B 25"]:
        """Return the cameras."""
        return camera_vector(pose, intrinsics(focal_from_fov(fov)))


@component("camera.to_fov")
class ToFieldOfView(Component):
    """Find the field of view across the picture, taking the principal point to be in its middle."""

    def forward(self, camera: Camera["B 25"]) -> FieldOfView["B"]:
        """Return the angles in degrees."""
        return fov_from_focal(camera[:, 16])


@component("camera.from_colmap")
class FromColmap(Component):
    """Read cameras as COLMAP stores them: quaternion, translation and a pinhole in pixels."""

    class Config(PictureSize):
        """Size of the picture that the pinhole is for."""

    config: Config

    def forward(
        self, quaternion: Quaternion["B 4"], translation: Translation["B 3"], lens: PinholePixels["B 4"]
    ) -> Camera["B 25"]:
        """Return the cameras in the same world."""
        fx, fy, cx, cy = lens.unbind(-1)
        zero, one = torch.zeros_like(fx), torch.ones_like(fx)
        matrix = torch.stack([fx, zero, cx, zero, fy, cy, zero, zero, one], dim=-1).reshape(-1, 3, 3)
        matrix = matrix / picture_scale(matrix, self.config.width, self.config.height)
        return camera_vector(colmap_pose(quaternion, translation), matrix)


@component("camera.to_colmap")
class ToColmap(Component):
    """Write cameras as COLMAP stores them: quaternion, translation and a pinhole in pixels."""

    class Config(PictureSize):
        """Size of the picture that the pinhole will be for."""

    config: Config

    def forward(self, camera: Camera["B 25"]) -> ColmapCamera:
        """Return the three parts; a skew, which a pinhole has not, is dropped."""
        inverse = invert_pose(camera[:, :16].reshape(-1, 4, 4))
        matrix = camera[:, 16:].reshape(-1, 3, 3)
        pixels = (matrix * picture_scale(matrix, self.config.width, self.config.height)).flatten(1)
        lens = torch.stack([pixels[:, 0], pixels[:, 4], pixels[:, 2], pixels[:, 5]], dim=-1)
        return ColmapCamera(quaternion_from_rotation(inverse[:, :3, :3]), inverse[:, :3, 3], lens)


def colmap_pose(quaternion: Tensor, translation: Tensor) -> Tensor:
    """Return the camera-to-world poses ``(..., 4, 4)`` of COLMAP's quaternions and translations."""
    return invert_pose(rigid(rotation_from_quaternion(quaternion), translation))
