"""How alike two pictures are, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_WINDOW, _SIGMA = 11, 1.5


def psnr(image: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the peak signal-to-noise ratio of each picture in decibels, ``(B,)``.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        target: Likewise.
        mask: ``(B, 1, H, W)`` of 0 and 1: the pixels to look at; all by default.
    """
    error = ((image.double() - target.double()) / 2).square().mean(dim=1, keepdim=True)
    weight = torch.ones_like(error) if mask is None else mask.to(error)
    mean = (error * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3)).clamp(min=1)
    return -10 * mean.clamp(min=1e-10).log10()


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Return the structural similarity of each picture, ``(B,)``; 1 where they are the same.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", equation 13, with its
    window of 11 pixels (deviation 1.5) and constants 0.01 and 0.03; the mean over pixels and colours.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1], at least 11 pixels wide and high.
        target: Likewise.
    """
    x, y = (image.double() + 1) / 2, (target.double() + 1) / 2
    mean_x, mean_y = _smooth(x), _smooth(y)
    var_x, var_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    covariance = _smooth(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return (luminance * structure).mean(dim=(1, 2, 3))


def _smooth(x: Tensor) -> Tensor:
    """Average ``(B, C, H, W)`` under a Gaussian window that stays within the picture."""
    places = torch.arange(_WINDOW, dtype=x.dtype, device=x.device) - _WINDOW // 2
    window = torch.softmax(-places.square() / (2 * _SIGMA**2), dim=0)
    channels = x.shape[1]
    rows = window.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return F.conv2d(F.conv2d(x, rows, groups=channels), rows.mT, groups=channels)


def intersection_over_union(mask: Tensor, target: Tensor) -> Tensor:
    """Return the share of what either mask ``(B, 1, H, W)`` covers that both do, ``(B,)``; 1 where both are empty."""
    both = (mask & target).sum(dim=(1, 2, 3)).double()
    either = (mask | target).sum(dim=(1, 2, 3)).double()
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(both))
