"""Cameras: the value type, what makes them, where they go, and the conventions they are converted between."""

from aetherist.components.cameras.cameras import Cameras, Projected, Spherical
from aetherist.components.cameras.colmap import ColmapModel, read_colmap, write_colmap
from aetherist.components.cameras.convert import (
    FromBlender,
    FromOpenGL,
    FromPixels,
    FromWorldToCamera,
    ToBlender,
    ToOpenGL,
    ToPixels,
    ToWorldToCamera,
)
from aetherist.components.cameras.distributions import (
    CameraDistribution,
    EmpiricalCameras,
    GaussianCameras,
    SphereCameras,
    UniformCameras,
)
from aetherist.components.cameras.interpolation import cameras_at, interpolate
from aetherist.components.cameras.nerfstudio import from_nerfstudio, save_nerfstudio, to_nerfstudio
from aetherist.components.cameras.parts import (
    Angles,
    ColmapCamera,
    FromAngles,
    FromColmap,
    FromFieldOfView,
    FromMatrices,
    Matrices,
    ToAngles,
    ToColmap,
    ToFieldOfView,
    ToMatrices,
)
from aetherist.components.cameras.paths import cameras_from_data, load_path, save_path
from aetherist.components.cameras.pose import (
    camera_from_angles,
    camera_vector,
    focal_from_fov,
    fov_from_focal,
    intrinsics,
    look_at,
)
from aetherist.components.cameras.trajectories import dolly, orbit, pan, sway, truck

__all__ = [
    "Angles",
    "CameraDistribution",
    "Cameras",
    "ColmapCamera",
    "ColmapModel",
    "EmpiricalCameras",
    "FromAngles",
    "FromBlender",
    "FromColmap",
    "FromFieldOfView",
    "FromMatrices",
    "FromOpenGL",
    "FromPixels",
    "FromWorldToCamera",
    "GaussianCameras",
    "Matrices",
    "Projected",
    "SphereCameras",
    "Spherical",
    "ToAngles",
    "ToBlender",
    "ToColmap",
    "ToFieldOfView",
    "ToMatrices",
    "ToOpenGL",
    "ToPixels",
    "ToWorldToCamera",
    "UniformCameras",
    "camera_from_angles",
    "camera_vector",
    "cameras_at",
    "cameras_from_data",
    "dolly",
    "focal_from_fov",
    "fov_from_focal",
    "from_nerfstudio",
    "interpolate",
    "intrinsics",
    "load_path",
    "look_at",
    "orbit",
    "pan",
    "read_colmap",
    "save_nerfstudio",
    "save_path",
    "sway",
    "to_nerfstudio",
    "truck",
    "write_colmap",
]
