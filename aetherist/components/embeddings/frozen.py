"""What pretrained networks have in common: they come with weights, and these never change."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional as F

from aetherist.components.embeddings.weights import UNTRAINED, Provenance, read_weights
from aetherist.core import Component, ComponentConfig, NameOrPath

Box = tuple[float, float, float, float]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class FrozenConfig(ComponentConfig):
    """Which weights."""

    weights: NameOrPath | None = None
    """A name from ``aetherist weights list``, or the path of a file; nothing for random ones."""


class CropConfig(FrozenConfig):
    """Which weights, and which part of a picture they look at."""

    crop: Box = Field(WHOLE, description="Left, top, right and bottom of what is looked at, as shares of the picture.")


class FrozenNetwork(Component):
    """Base of the networks that only look.

    Their parameters take no gradient, though gradients flow through to the picture, and they stay in evaluation mode.

    Attributes:
        provenance: What the weights are.
    """

    config: FrozenConfig

    def __init__(self, config: FrozenConfig) -> None:
        super().__init__(config)
        self.provenance: Provenance = UNTRAINED

    @property
    def standard(self) -> bool:
        """Whether the weights are those that papers' numbers are made with."""
        return self.provenance.standard

    @property
    def label(self) -> str:
        """A line to print beside every number that is made with this network."""
        return self.provenance.label

    def adapt(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the tensors of a file that others lay out; those of our own files are as they should be."""
        return dict(tensors)

    def freeze(self) -> None:
        """Read the weights that the config names, and let nothing change them; call last in ``__init__``.

        A dry run, whose tensors are fakes, reads nothing.

        Raises:
            ValueError: If the weights are not there, or are another network's.
        """
        self.requires_grad_(False)
        self.eval()
        held = itertools.chain(self.parameters(), self.buffers())
        if self.config.weights is None or any(isinstance(tensor, FakeTensor) for tensor in held):
            return
        tensors, self.provenance = read_weights(self.config.weights)
        try:
            self.load_state_dict(self.adapt(tensors))
        except (RuntimeError, KeyError) as error:
            raise ValueError(
                f"{self.component_name}: '{self.config.weights}' holds the weights of another network: {error}"
            ) from error

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        del mode
        return super().train(False)


def look_at_part(image: Tensor, crop: Box, size: int) -> Tensor:
    """Return a part of pictures ``(B, C, H, W)``, resized to ``(B, C, size, size)``."""
    if tuple(crop) != WHOLE:
        height, width = image.shape[-2:]
        left, right = round(crop[0] * width), round(crop[2] * width)
        top, bottom = round(crop[1] * height), round(crop[3] * height)
        image = image[..., top:bottom, left:right]
    if image.shape[-2:] == (size, size):
        return image
    return F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False, antialias=True)


class Normalize(nn.Module):
    """Bring a picture in [-1, 1] to what a network was trained on: ``(image - shift) / scale``, a channel at a time.

    Args:
        shift: Of red, green and blue.
        scale: Likewise.
        stored: Whether the numbers belong to the weights, which bring their own.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Sequence[float], scale: Sequence[float], *, stored: bool) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(shift).reshape(3, 1, 1), persistent=stored)
        self.register_buffer("scale", torch.tensor(scale).reshape(3, 1, 1), persistent=stored)

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(B, 3, H, W)`` to the same shape."""
        return (image - self.shift) / self.scale
