"""Crops of pictures, around points in space."""

from __future__ import annotations

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.rendering.rays import project
from aetherist.components.types import Camera, Image
from aetherist.core import Component, ComponentConfig, component


@component("image.crop")
class CropAroundPoint(Component):
    """Cut the square around a point in space out of pictures, so that losses see a mouth as well as a whole head.

    The square stands at the point and faces the camera, so the crop is as large in the picture as what is there: the
    same part of a head from far and near, and through any lens. Wire the same to the real and the generated picture.
    What lies beyond the picture's edge repeats the edge; from behind, the crop shows what hides the point.
    """

    class Config(ComponentConfig):
        """Which part, and into how many pixels."""

        centre: tuple[float, float, float]
        """The point, in world units."""
        side: PositiveFloat
        """Side of the square, in world units."""
        resolution: PositiveInt
        """Rows and columns of the crop."""

    config: Config

    def forward(self, image: Image["B 3 H W"], camera: Camera["B 25"]) -> Image["B 3 resolution resolution"]:
        """Return the crops, interpolated between pixels.

        Args:
            image: Pictures.
            camera: Of each picture. The point must lie in front of it.
        """
        return F.grid_sample(image, self._places(camera).to(image.dtype), padding_mode="border", align_corners=False)

    def _places(self, camera: Tensor) -> Tensor:
        """Return where in their picture the crop's pixels lie, ``(B, R, R, 2)`` in [-1, 1]."""
        count = self.config.resolution
        steps = ((torch.arange(count, dtype=camera.dtype, device=camera.device) + 0.5) / count - 0.5) * self.config.side
        right, down = camera[:, :16].reshape(-1, 4, 4)[:, None, None, :3, :2].unbind(-1)
        square = steps[None, None, :, None] * right + steps[None, :, None, None] * down
        return project(camera, square + camera.new_tensor(self.config.centre))[0]
