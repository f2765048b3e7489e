"""Camera vectors: made from angles, and converted between conventions."""

from aetherist.components.cameras.convert import FromOpenGL, FromWorldToCamera, ToOpenGL, ToWorldToCamera
from aetherist.components.cameras.pose import (
    camera_from_angles,
    camera_vector,
    focal_from_fov,
    intrinsics,
    look_at,
    orbit,
)

__all__ = [
    "FromOpenGL",
    "FromWorldToCamera",
    "ToOpenGL",
    "ToWorldToCamera",
    "camera_from_angles",
    "camera_vector",
    "focal_from_fov",
    "intrinsics",
    "look_at",
    "orbit",
]
