"""The modulated convolution equals a convolution with the kernel that each style makes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.ops.modulated_conv import convolve, fold, modulated_conv2d
from aetherist.components.ops.resample import fir_filter

FIR = fir_filter().double()


@pytest.fixture
def case() -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, kernel and styles."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    return draw(2, 3, 4, 4), draw(4, 3, 3, 3), draw(2, 3)


def textbook_kernel(weight: Tensor, style: Tensor, demodulate: bool) -> Tensor:
    """Equations 1 and 3 of Karras et al. 2020."""
    modulated = weight * style[None, :, None, None]
    if not demodulate:
        return modulated
    return modulated / (modulated.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()


@pytest.mark.parametrize("demodulate", [True, False])
def test_each_row_has_its_own_kernel(case: tuple[Tensor, Tensor, Tensor], demodulate: bool) -> None:
    x, weight, styles = case
    expected = torch.cat(
        [
            F.conv2d(row[None], textbook_kernel(weight, style, demodulate), padding=1)
            for row, style in zip(x, styles, strict=True)
        ]
    )
    torch.testing.assert_close(modulated_conv2d(x, weight, styles, demodulate=demodulate), expected)


@pytest.mark.parametrize("demodulate", [True, False])
def test_the_folded_kernel_is_the_textbooks(case: tuple[Tensor, Tensor, Tensor], demodulate: bool) -> None:
    _, weight, styles = case
    expected = textbook_kernel(weight, styles[0], demodulate) * 1.5
    torch.testing.assert_close(fold(weight, styles[:1], demodulate=demodulate, gain=1.5), expected)


def test_doubling_is_a_transposed_convolution_and_the_filter(case: tuple[Tensor, Tensor, Tensor]) -> None:
    x, weight, _ = case
    spread = torch.zeros(2, 3, 7, 7, dtype=x.dtype)
    spread[:, :, ::2, ::2] = x
    wide = F.conv2d(F.pad(spread, (2, 2, 2, 2)), weight.flip(2, 3))
    expected = F.conv2d(F.pad(wide, (1, 1, 1, 1)), (FIR * 4).expand(4, 1, 4, 4), groups=4)
    torch.testing.assert_close(convolve(x, weight, FIR), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_overflow(dtype: torch.dtype) -> None:
    """Kernel and styles are scaled by their maxima first; demodulation undoes it."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 64, 4, 4, generator=generator)
    weight, styles = torch.randn(8, 64, 3, 3, generator=generator), 3000 * torch.randn(1, 64, generator=generator)
    exact = modulated_conv2d(x, weight, styles)
    half = modulated_conv2d(x.to(dtype), weight, styles)
    assert half.dtype == dtype
    assert half.isfinite().all()
    assert (half.float() - exact).norm() / exact.norm() < (2e-3 if dtype == torch.float16 else 2e-2)


@pytest.mark.parametrize("fir", [None, FIR], ids=["same", "doubling"])
@pytest.mark.parametrize("demodulate", [True, False])
def test_twice_differentiable(fir: Tensor | None, demodulate: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 2, 3, 3), (2, 2, 3, 3), (2, 2))
    inputs = [torch.randn(s, dtype=torch.float64, generator=generator, requires_grad=True) for s in shapes]

    def function(x: Tensor, weight: Tensor, styles: Tensor) -> Tensor:
        return modulated_conv2d(x, weight, styles, fir=fir, demodulate=demodulate)

    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs)
