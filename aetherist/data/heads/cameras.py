"""Where the cameras of a set of heads stand."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.seeds import stream


@attrs.frozen
class CameraDistribution:
    """Cameras on a sphere: most before the face, the rest anywhere around the head.

    Attributes:
        yaw: Standard deviation of the frontal cameras' yaw, in radians.
        pitch: Standard deviation of the pitch of all cameras, in radians; none goes beyond 1.2.
        around: Share of cameras whose yaw is anything on the full circle.
        radius: Distance to the middle of the head, in world units.
        focal: Focal length in image widths.
    """

    yaw: float = 0.45
    pitch: float = 0.18
    around: float = 0.35
    radius: float = 2.7
    focal: float = 4.2647

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.around <= 1:
            raise ValueError(f"cameras: 'around' is a share from 0 to 1, not {self.around}")
        if self.radius <= 0.6 or self.focal <= 0:
            raise ValueError("cameras: the radius must be above 0.6 (the head's own) and the focal length positive")

    def angles(self, seed: int) -> tuple[float, float]:
        """Draw the yaw and pitch of a camera seed, in radians."""
        random = stream(seed, "camera")
        anywhere = random.uniform(-np.pi, np.pi)
        frontal = np.clip(random.normal(0, self.yaw), -np.pi, np.pi)
        pitch = np.clip(random.normal(0, self.pitch), -1.2, 1.2)
        yaw = anywhere if random.random() < self.around else frontal
        return float(yaw), float(pitch)

    def camera(self, yaw: float, pitch: float) -> NDArray[np.float64]:
        """Return the 25 numbers of a camera; at yaw and pitch 0 it stands on +z and looks along -z.

        They are rounded to the seven digits that are stored, so that what is stored is exactly what is rendered.
        """
        away = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
        right = np.array([np.cos(yaw), 0, -np.sin(yaw)])
        pose = np.eye(4)
        pose[:3] = np.stack([right, np.cross(-away, right), -away, self.radius * away], 1)
        intrinsics = [self.focal, 0, 0.5, 0, self.focal, 0.5, 0, 0, 1]
        return np.round(np.concatenate([pose.ravel(), intrinsics]), 7) + 0.0
