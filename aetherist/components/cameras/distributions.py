"""Distributions of cameras, drawn from a seed.

The same seed gives the same cameras on every machine, and more of them start with fewer of them: the first five of
ten are those that are drawn as five.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.pose import FOCAL, PIVOT, RADIUS

_STEEPEST = 1.4


class CameraDistribution(ABC):
    """Something that cameras are drawn from."""

    @abstractmethod
    def sample(self, count: int, seed: int = 0) -> Cameras:
        """Draw cameras ``(count,)``."""


@attrs.frozen(kw_only=True)
class AroundPivot(CameraDistribution):
    """Cameras on a sphere around the origin that look at a pivot; what is drawn is their angles.

    Attributes:
        radius: Distance from the origin, in world units.
        pivot: What they look at.
        focal: Focal length in image widths.
    """

    radius: float = RADIUS
    pivot: tuple[float, float, float] = PIVOT
    focal: float = FOCAL

    def sample(self, count: int, seed: int = 0) -> Cameras:
        """Draw cameras ``(count,)``."""
        yaw, pitch = (torch.from_numpy(angle.copy()) for angle in self._angles(_random(seed), count))
        cameras = Cameras.from_angles(yaw, pitch, radius=self.radius, pivot=self.pivot, focal=self.focal)
        return cameras.to(torch.float32)

    @abstractmethod
    def _angles(self, random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw yaw and pitch, ``(count,)`` each, in radians."""


@attrs.frozen(kw_only=True)
class GaussianCameras(AroundPivot):
    """Angles from normal distributions around the front; a pitch beyond 1.4 radians becomes 1.4.

    Attributes:
        yaw: Standard deviation, in radians.
        pitch: Standard deviation, in radians.
        mean: Yaw and pitch in the middle.
    """

    yaw: float = 0.3
    pitch: float = 0.155
    mean: tuple[float, float] = (0.0, 0.0)

    def _angles(self, random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        drawn = random.standard_normal((count, 2))
        yaw, pitch = self.mean[0] + self.yaw * drawn[:, 0], self.mean[1] + self.pitch * drawn[:, 1]
        return yaw, pitch.clip(-_STEEPEST, _STEEPEST)


@attrs.frozen(kw_only=True)
class UniformCameras(AroundPivot):
    """Angles that are equally likely within limits.

    Attributes:
        yaw: Least and greatest, in radians.
        pitch: Least and greatest, in radians.
    """

    yaw: tuple[float, float] = (-0.5, 0.5)
    pitch: tuple[float, float] = (-0.25, 0.25)

    def _angles(self, random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        drawn = random.random((count, 2))
        (left, right), (low, high) = self.yaw, self.pitch
        return left + (right - left) * drawn[:, 0], low + (high - low) * drawn[:, 1]


@attrs.frozen(kw_only=True)
class SphereCameras(AroundPivot):
    """Positions that are equally likely all over the sphere, the poles' last tenth of a degree left out."""

    def _angles(self, random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        drawn = random.random((count, 2))
        height = (2 * drawn[:, 1] - 1) * math.cos(math.radians(0.1))
        return math.pi * (2 * drawn[:, 0] - 1), np.arcsin(height)


@attrs.frozen(eq=False)
class EmpiricalCameras(CameraDistribution):
    """Cameras that are drawn, with repetition, from those of a data set.

    Attributes:
        cameras: ``(N,)``.

    Raises:
        ValueError: If there are none, or they are no plain list.
    """

    cameras: Cameras

    def __attrs_post_init__(self) -> None:
        if len(self.cameras.shape) != 1 or not len(self.cameras):
            raise ValueError(f"EmpiricalCameras: cameras of shape {tuple(self.cameras.shape)}; give (N,), N 1 or more")

    @classmethod
    def of_vectors(cls, vectors: Tensor) -> EmpiricalCameras:
        """Take the cameras of a data set as ``(N, 25)``."""
        return cls(Cameras.from_vector(vectors))

    def sample(self, count: int, seed: int = 0) -> Cameras:
        """Draw cameras ``(count,)``."""
        chosen = (_random(seed).random(count) * len(self.cameras)).astype(np.int64)
        return self.cameras[torch.from_numpy(chosen).to(self.cameras.pose.device)]


def _random(seed: int) -> np.random.Generator:
    # PCG64 itself rather than the default, which a later NumPy may change.
    return np.random.Generator(np.random.PCG64(seed))
