"""FIR resampling equals its definition: zeros between pixels, a filter, every second pixel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.ops.resample import downsample, fir_filter, resize, smooth, upsample

FIR = fir_filter().double()


def picture(channels: int = 3, height: int = 6, width: int = 5) -> Tensor:
    return torch.randn(2, channels, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_the_filter_is_the_outer_product_of_the_taps() -> None:
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    assert torch.equal(fir_filter(), torch.outer(row, row))


def test_upsampling_spreads_pixels_and_filters() -> None:
    x = picture()
    spread = torch.zeros(2, 3, 12, 10, dtype=x.dtype)
    spread[:, :, ::2, ::2] = x
    expected = F.conv2d(F.pad(spread, (2, 1, 2, 1)), (FIR * 4).expand(3, 1, 4, 4), groups=3)
    torch.testing.assert_close(upsample(x, FIR), expected)


def test_upsampling_keeps_a_constant_inside() -> None:
    constant = torch.ones(1, 1, 5, 5)
    torch.testing.assert_close(upsample(constant, fir_filter())[:, :, 1:-1, 1:-1], torch.ones(1, 1, 8, 8))


def test_downsampling_filters_and_keeps_every_second() -> None:
    x = picture(height=6, width=8)
    expected = smooth(x, FIR, padding=1)[:, :, ::2, ::2]
    torch.testing.assert_close(downsample(x, FIR), expected)
    assert downsample(x, FIR).shape == (2, 3, 3, 4)


def test_any_symmetric_filter_of_even_length_works() -> None:
    box = fir_filter((1.0, 1.0)).double()
    x = picture()
    torch.testing.assert_close(upsample(x, box), x.repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(downsample(upsample(x, box), box), x)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    x = picture(height=6, width=6)
    assert resize(x, 6) is x


def test_resizing_down_filters_unless_told_not_to() -> None:
    stripes = torch.tensor([1.0, -1.0]).repeat(8).expand(1, 1, 16, 16)
    inside = slice(1, -1)
    assert resize(stripes, 4)[..., inside].abs().max() < 0.2
    thin = torch.zeros(1, 1, 16, 16)
    thin[..., 4] = 1.0
    assert resize(thin, 4, antialias=False).abs().max() != resize(thin, 4).abs().max()


@pytest.mark.parametrize("function", [upsample, downsample])
def test_twice_differentiable(function: object) -> None:
    x = picture(channels=1, height=4, width=4).requires_grad_()
    kernel = FIR.clone().requires_grad_()
    assert torch.autograd.gradgradcheck(function, (x, kernel))
