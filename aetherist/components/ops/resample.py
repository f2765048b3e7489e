"""Up- and downsampling by a FIR filter, and to any size.

Filters are ``(k, k)`` with unit sum, as :func:`fir_filter` makes them. Everything is one depthwise
convolution. Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", and Karras et al. 2019,
section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

TAPS = (1.0, 3.0, 3.0, 1.0)


def fir_filter(taps: Sequence[float] = TAPS) -> Tensor:
    """Return the outer product of the taps with themselves, scaled to unit sum."""
    row = torch.tensor(taps, dtype=torch.float32)
    return torch.outer(row, row) / row.sum() ** 2


def _depthwise(fir: Tensor, x: Tensor, gain: float) -> Tensor:
    kernel = fir.to(x.dtype)
    if gain != 1.0:
        kernel = kernel * gain
    return kernel.expand(x.shape[1], 1, *fir.shape)


def smooth(
    x: Tensor, fir: Tensor, *, padding: int, gain: float = 1.0, stride: int = 1, bias: Tensor | None = None
) -> Tensor:
    """Filter each channel of ``(B, C, H, W)``, with zeros around, keeping every ``stride``-th result."""
    return F.conv2d(x, _depthwise(fir, x, gain), bias, stride=stride, padding=padding, groups=x.shape[1])


def upsample(x: Tensor, fir: Tensor) -> Tensor:
    """Double the resolution of ``(B, C, H, W)``: a zero between pixels, then the filter with gain 4."""
    size = fir.shape[-1]
    return F.conv_transpose2d(x, _depthwise(fir, x, 4.0), stride=2, padding=(size - 2) // 2, groups=x.shape[1])


def downsample(x: Tensor, fir: Tensor) -> Tensor:
    """Halve the resolution of ``(B, C, H, W)``: the filter, then every second pixel."""
    return smooth(x, fir, padding=(fir.shape[-1] - 2) // 2, stride=2)


def resize(x: Tensor, size: int, antialias: bool = True) -> Tensor:
    """Resize ``(B, C, H, W)`` to ``size`` by ``size``, bilinear.

    With ``antialias`` a picture that becomes smaller is filtered first.
    """
    if x.shape[-2:] == (size, size):
        return x
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=antialias)
