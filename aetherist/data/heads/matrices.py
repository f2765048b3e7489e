"""Projection matrices of OpenGL for cameras of 25 numbers and for directions; all ``(4, 4)``, columns on the right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_NEAR, _FAR = 0.5, 8.0
_TO_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def perspective(camera: Matrix) -> Matrix:
    """Return the map from the world to clip coordinates for an OpenCV camera-to-world vector ``(25,)``."""
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    project = np.zeros((4, 4))
    project[0, 0], project[1, 1] = 2 * intrinsics[0, 0], 2 * intrinsics[1, 1]
    project[0, 1] = -2 * intrinsics[0, 1]
    project[0, 2], project[1, 2] = 1 - 2 * intrinsics[0, 2], 2 * intrinsics[1, 2] - 1
    project[2, 2], project[2, 3] = -(_FAR + _NEAR) / (_FAR - _NEAR), -2 * _FAR * _NEAR / (_FAR - _NEAR)
    project[3, 2] = -1
    return project @ np.linalg.inv(pose @ _TO_OPENGL)


def orthographic(direction: NDArray[np.float64], radius: float) -> Matrix:
    """Return the parallel view of a ball around the origin, seen from a direction ``(3,)``."""
    forward = -direction / np.linalg.norm(direction)
    up = np.array([0.0, 1, 0]) if abs(forward[1]) < 0.95 else np.array([1.0, 0, 0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    view = np.eye(4)
    view[:3, :3] = np.stack([right, np.cross(right, forward), -forward])
    return np.diag([1 / radius, 1 / radius, -1 / radius, 1]) @ view
