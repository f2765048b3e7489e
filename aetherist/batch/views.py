"""From where the people of a batch are seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import attrs
import torch
from torch import Tensor

from aetherist.components.cameras import CameraDistribution, Cameras, GaussianCameras, SphereCameras, UniformCameras
from aetherist.graphs.generate import Stage

Law = Literal["gaussian", "uniform", "sphere"]


class Views(ABC):
    """The cameras of each item; as many for all of them."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many each item has."""

    @abstractmethod
    def of(self, key: int, /) -> Tensor:
        """Return the cameras ``(count, 25)`` of the item with a key."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what determines them, JSON-ready."""


@attrs.frozen(eq=False)
class FixedViews(Views):
    """The same cameras for all.

    Attributes:
        cameras: ``(V,)``.
    """

    cameras: Cameras

    @property
    def count(self) -> int:
        """How many each item has."""
        return len(self.cameras)

    def of(self, _key: int, /) -> Tensor:
        """Return the cameras ``(V, 25)``."""
        return self.cameras.vector

    def facts(self) -> dict[str, Any]:
        """Return what determines them, JSON-ready."""
        return {"cameras": self.cameras.vector.tolist()}


@attrs.frozen
class DrawnViews(Views):
    """Cameras of each item's own, drawn from a distribution; they depend on the item's key, not on the batch.

    Attributes:
        law: ``gaussian``, ``uniform`` or ``sphere``.
        stage: Where the cameras stand.
        count: How many each item has.
        yaw: Standard deviation, or greatest angle, in radians; of no meaning for ``sphere``.
        pitch: The same.
        seed: Another one, other cameras.
    """

    law: Law
    stage: Stage
    count: int = 1
    yaw: float = 0.3
    pitch: float = 0.155
    seed: int = 0

    def of(self, key: int, /) -> Tensor:
        """Return the cameras ``(count, 25)`` of the item with a key."""
        place: dict[str, Any] = {"radius": self.stage.radius, "pivot": self.stage.pivot, "focal": self.stage.focal}
        drawn: CameraDistribution
        if self.law == "gaussian":
            drawn = GaussianCameras(yaw=self.yaw, pitch=self.pitch, **place)
        elif self.law == "uniform":
            drawn = UniformCameras(yaw=(-self.yaw, self.yaw), pitch=(-self.pitch, self.pitch), **place)
        else:
            drawn = SphereCameras(**place)
        return drawn.sample(self.count, seed=(self.seed << 64) + key).vector

    def facts(self) -> dict[str, Any]:
        """Return what determines them, JSON-ready."""
        return attrs.asdict(self)


def angles_of(cameras: Tensor) -> list[tuple[float, float]]:
    """Return yaw and pitch in radians of cameras ``(V, 25)``, seen from the origin."""
    place = Cameras.from_vector(cameras.to(torch.float64)).spherical()
    return [
        (round(yaw, 6) + 0.0, round(pitch, 6) + 0.0)
        for yaw, pitch in zip(place.yaw.tolist(), place.pitch.tolist(), strict=True)
    ]
