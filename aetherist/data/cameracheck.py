"""What can be wrong with camera labels, found by looking at one, and at all together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Cameras = NDArray[np.float64]
_TOLERANCE = 1e-3
_PIXELS = 50.0

_IN_PIXELS = (
    "the intrinsics are in pixels; divide their first row by the width of the picture and the second by its height"
)
_INVERTED = (
    "the positions are all the same while the rotations differ: these look like world-to-camera matrices; invert "
    "them (camera.from_world_to_camera)"
)
_OPENGL = (
    "the camera looks away from the middle of the world: an OpenGL pose (z backward, y up)? Turn its y and z axes "
    "round (camera.from_opengl)"
)
_UPSIDE_DOWN = "the camera is upside down in a world with y up: its y axis, which OpenCV points down, points up"
_SAME = "all cameras are the same: nothing three-dimensional can be learnt"


def camera_faults(camera: Cameras) -> Iterator[tuple[str, str]]:
    """Yield the kind and the description of each fault of one camera, ``(25,)``."""
    if not np.isfinite(camera).all():
        yield "camera", "a number is not finite"
        return
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    yield from _pose_faults(pose)
    yield from _intrinsics_faults(intrinsics)


def _pose_faults(pose: Cameras) -> Iterator[tuple[str, str]]:
    rotation = pose[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if np.abs(pose[3] - [0, 0, 0, 1]).max() > _TOLERANCE:
        if np.abs(pose[:, 3] - [0, 0, 0, 1]).max() < _TOLERANCE:
            yield "pose", "the pose is stored by columns; store the 4x4 matrix by rows"
        else:
            yield "pose", f"the last row of the pose is {_numbers(pose[3])}, not 0 0 0 1"
    if error > _TOLERANCE:
        yield "rotation", f"the rotation is not orthonormal: off by {error:.3g} (scaled, sheared or rounded?)"
    elif np.linalg.det(rotation) < 0:
        yield "rotation", "the rotation mirrors (determinant -1): one axis has the wrong sign"


def _intrinsics_faults(intrinsics: Cameras) -> Iterator[tuple[str, str]]:
    focal, center = intrinsics[[0, 1], [0, 1]], intrinsics[:2, 2]
    if np.abs(intrinsics[2] - [0, 0, 1]).max() > _TOLERANCE:
        yield "intrinsics", f"the last row of the intrinsics is {_numbers(intrinsics[2])}, not 0 0 1"
    elif np.abs(intrinsics[:2]).max() > _PIXELS:
        yield "pixels", f"{_IN_PIXELS} (focal {_numbers(focal)}, centre {_numbers(center)})"
    elif (focal <= 0).any():
        yield "intrinsics", f"the focal length is {_numbers(focal)}; it must be positive"
    elif (np.abs(center - 0.5) > 0.5).any():
        yield "intrinsics", f"the principal point is {_numbers(center)}, outside the picture; it is usually 0.5 0.5"


def convention_faults(cameras: Cameras) -> Iterator[tuple[str, NDArray[np.int64], str]]:
    """Yield faults of convention: the kind, which cameras ``(N, 25)`` show it, and the description.

    An OpenCV camera that sees the middle of the world has its z axis pointing there and its y axis pointing down.
    """
    pose = cameras[:, :16].reshape(-1, 4, 4)
    forward, position = pose[:, :3, 2], pose[:, :3, 3]
    distance = np.linalg.norm(position, axis=1)
    if len(cameras) > 2 and position.std(0).max() < 0.02 * distance.mean() and forward.std(0).max() > 0.05:
        yield "inverted", np.arange(len(cameras)), _INVERTED
        return
    if (distance < 1e-6).any():
        yield "position", np.flatnonzero(distance < 1e-6), "the camera stands in the middle of the world"
    away = (forward * position).sum(1) > 0.5 * distance
    away &= distance >= 1e-6
    if away.any():
        yield "opengl", np.flatnonzero(away), _OPENGL
    upside_down = ~away & (pose[:, 1, 1] > 0.5)
    if upside_down.any():
        yield "upside-down", np.flatnonzero(upside_down), _UPSIDE_DOWN
    if len(cameras) > 1 and np.ptp(cameras, axis=0).max() < 1e-6:
        yield "same-camera", np.arange(len(cameras)), _SAME


def _numbers(values: Cameras) -> str:
    return " ".join(f"{value:.4g}" for value in values)
