"""Cameras: the value type, what makes them, where they go, and the conventions they are converted between."""

from aetherist.components.cameras.cameras import Cameras, Projected, Spherical
from aetherist.components.cameras.convert import FromOpenGL, FromWorldToCamera, ToOpenGL, ToWorldToCamera
from aetherist.components.cameras.pose import (
    camera_from_angles,
    camera_vector,
    focal_from_fov,
    fov_from_focal,
    intrinsics,
    look_at,
)
from aetherist.components.cameras.trajectories import orbit, sway

__all__ = [
    "Cameras",
    "FromOpenGL",
    "FromWorldToCamera",
    "Projected",
    "Spherical",
    "ToOpenGL",
    "ToWorldToCamera",
    "camera_from_angles",
    "camera_vector",
    "focal_from_fov",
    "fov_from_focal",
    "intrinsics",
    "look_at",
    "orbit",
    "sway",
]
