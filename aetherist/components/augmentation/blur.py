"""Gaussian blur of a strength that training lowers."""

from __future__ import annotations

import torch
from pydantic import PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Image
from aetherist.core import Component, ComponentConfig, component

CUT = 3.0
"""Standard deviations beyond which the bell is taken for 0."""


@component("augment.blur")
class GaussianBlur(Component):
    """Blur pictures; early in training, so that discriminators look at shapes before they look at texture.

    Wire the same to real and generated pictures. A picture of another size than ``reference`` is blurred by as large a
    share of its width. Karras et al. 2021, "Alias-Free GANs", appendix F; Chan et al. 2022, supplement.
    """

    class Config(ComponentConfig):
        """What the strength is counted in."""

        reference: PositiveFloat | None = None
        """Width of the picture that ``sigma`` is meant for, in pixels; none for that of the picture itself."""

    config: Config

    def forward(self, image: Image["B 3 H W"], sigma: float = 0.0) -> Image["B 3 H W"]:
        """Return the pictures, blurred; as they are where that would be less than a tenth of a pixel.

        Args:
            image: Pictures.
            sigma: Standard deviation of the bell, in pixels.
        """
        if self.config.reference is not None:
            sigma = sigma * image.shape[-1] / self.config.reference
        reach = min(int(sigma * CUT + 0.5), image.shape[-1] - 1, image.shape[-2] - 1)
        if sigma < 0.1 or reach < 1:
            return image.clone()
        places = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
        bell = torch.exp(-0.5 * (places / sigma).square())
        bell = bell / bell.sum()
        return _along(_along(image, bell, -1), bell, -2)


def _along(image: Tensor, bell: Tensor, axis: int) -> Tensor:
    """Filter each row or column, with the picture mirrored at its edges."""
    reach = bell.numel() // 2
    shape = [1, 1, 1, 1]
    shape[axis] = bell.numel()
    kernel = bell.reshape(shape).expand(image.shape[1], 1, *shape[2:])
    padding = (reach, reach, 0, 0) if axis == -1 else (0, 0, reach, reach)
    return F.conv2d(F.pad(image, padding, mode="reflect"), kernel, groups=image.shape[1])
