"""Converters between ranges of picture values; a graph shows them as steps."""

from __future__ import annotations

from aetherist.components.types import Image, ImageUnit
from aetherist.core import Component, component


@component("image.to_unit")
class ImageToUnit(Component):
    """Bring a picture from [-1, 1] to [0, 1]."""

    def forward(self, image: Image["B 3 H W"]) -> ImageUnit["B 3 H W"]:
        """Return the picture in [0, 1]; values beyond the range stay beyond it."""
        return image * 0.5 + 0.5


@component("image.to_signed")
class ImageToSigned(Component):
    """Bring a picture from [0, 1] to [-1, 1]."""

    def forward(self, image: ImageUnit["B 3 H W"]) -> Image["B 3 H W"]:
        """Return the picture in [-1, 1]."""
        return image * 2.0 - 1.0
