"""Augmentation of what a discriminator sees, of a strength that training steers."""

from __future__ import annotations

import math

import torch
from pydantic import Field, NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.ops.noise import normal, uniform
from aetherist.components.types import Image, Seeds
from aetherist.core import Component, ComponentConfig, component

_CHANCES, _AMOUNTS, _PLACES = 1010, 1011, 1012
_HUE, _MOVE_X, _MOVE_Y, _SCALE, _CUT = range(3, 8)
_KINDS = 8
_GREY = (0.299, 0.587, 0.114)


@component("augment.adaptive")
class AdaptiveAugmentation(Component):
    """Change pictures at random, so that a discriminator cannot learn few of them by heart.

    Each kind of change has the same probability. All of them leave alone what a camera says of a picture: colours,
    small moves and zooms, a square cut out. Flips and turns, which would need another camera, are not among them. Wire
    the same probability to real and generated pictures, and a control to it. Karras et al. 2020, "Training Generative
    Adversarial Networks with Limited Data", section 2.
    """

    class Config(ComponentConfig):
        """How large changes are; 0 turns a kind off."""

        brightness: NonNegativeFloat = 0.2
        """Standard deviation of what is added to all colours."""
        contrast: NonNegativeFloat = 0.5
        """Standard deviation of the binary logarithm of the factor on colours."""
        saturation: NonNegativeFloat = 1.0
        """Standard deviation of the binary logarithm of the factor on what is not grey."""
        hue: float = Field(0.1, ge=0, le=0.5)
        """Greatest turn of the colour wheel, in whole turns."""
        move: float = Field(0.03, ge=0, lt=0.5)
        """Standard deviation of a shift, in widths."""
        scale: NonNegativeFloat = 0.04
        """Standard deviation of the binary logarithm of a zoom."""
        cutout: float = Field(0.5, ge=0, le=1)
        """Side of the square that is made grey, in widths."""

    config: Config

    def forward(self, image: Image["B 3 H W"], seeds: Seeds["B"], probability: float = 0.0) -> Image["B 3 H W"]:
        """Return the pictures, changed; the same seeds change two pictures, of whatever sizes, alike.

        Args:
            image: Pictures in [-1, 1].
            seeds: One a row.
            probability: Of each kind of change.
        """
        if probability <= 0.0:
            return image.clone()
        kinds = torch.arange(_KINDS, device=image.device)
        on = (uniform(seeds, kinds, _CHANCES, image.dtype) < probability).to(image.dtype)
        amount = normal(seeds, kinds, _AMOUNTS, image.dtype) * on
        place = uniform(seeds, torch.arange(3, device=image.device), _PLACES, image.dtype)
        image = self._coloured(image, amount, on, place)
        image = self._moved(image, amount)
        return self._cut(image, on, place)

    def _coloured(self, image: Tensor, amount: Tensor, on: Tensor, place: Tensor) -> Tensor:
        config = self.config
        brightness, contrast, saturation = amount[:, :3, None, None, None].unbind(1)
        image = (image + brightness * config.brightness) * torch.exp2(contrast * config.contrast)
        weights = torch.tensor(_GREY, dtype=image.dtype, device=image.device)[:, None, None]
        grey = (image * weights).sum(dim=1, keepdim=True)
        image = grey + (image - grey) * torch.exp2(saturation * config.saturation)
        turn = (2.0 * place[:, 0] - 1.0) * on[:, _HUE] * (2.0 * math.pi * config.hue)
        return torch.einsum("bij,bjhw->bihw", _turned(turn), image)

    def _moved(self, image: Tensor, amount: Tensor) -> Tensor:
        config = self.config
        if config.move == 0 and config.scale == 0:
            return image
        zoom = torch.exp2(-amount[:, _SCALE] * config.scale)
        shift = 2.0 * config.move * amount[:, _MOVE_X : _MOVE_Y + 1]
        zero = torch.zeros_like(zoom)
        rows = [torch.stack([zoom, zero, shift[:, 0]], -1), torch.stack([zero, zoom, shift[:, 1]], -1)]
        grid = F.affine_grid(torch.stack(rows, dim=1), list(image.shape), align_corners=False)
        return F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)

    def _cut(self, image: Tensor, on: Tensor, place: Tensor) -> Tensor:
        height, width = image.shape[2:]
        y = (torch.arange(height, device=image.device, dtype=image.dtype) + 0.5) / height
        x = (torch.arange(width, device=image.device, dtype=image.dtype) + 0.5) / width
        half = self.config.cutout / 2.0
        inside_y = (y - place[:, 1:2]).abs() < half
        inside_x = (x - place[:, 2:3]).abs() < half
        hole = (inside_y[:, :, None] & inside_x[:, None, :]).to(image.dtype) * on[:, _CUT, None, None]
        return image * (1.0 - hole[:, None])


def _turned(angle: Tensor) -> Tensor:
    """Return rotations of colours about grey by angles ``(B,)``: ``(B, 3, 3)``, after Rodrigues."""
    axis = 1.0 / math.sqrt(3.0)
    cross = torch.tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]])
    cross = cross.to(dtype=angle.dtype, device=angle.device)
    identity = torch.eye(3, dtype=angle.dtype, device=angle.device)
    sin, cos = angle.sin()[:, None, None], angle.cos()[:, None, None]
    return identity + sin * cross + (1.0 - cos) * (cross @ cross)
