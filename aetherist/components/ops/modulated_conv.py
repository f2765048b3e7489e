"""The modulated convolution of StyleGAN2, as one layer's arithmetic in three equal forms.

A style scales the input channels of the kernel, and demodulation scales its output channels back to unit norm
(Karras et al. 2020, section 2.2). Where autograd records, or where a compiler wants a batch of any size, the
scales are applied to the activations and the batch shares one kernel (:func:`modulated_conv2d`). At inference
a layer sees one picture at a time: its kernel is folded once (:func:`fold`), and bias, gain and activation
happen in place.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.ops.resample import smooth

EPS = 1e-8


def demodulation(weight: Tensor, styles: Tensor) -> Tensor:
    """Return what scales the output channels to unit norm: ``(B, O)`` for ``(O, I, k, k)`` and ``(B, I)``."""
    energy = weight.square().sum(dim=(2, 3))
    return (styles.square() @ energy.mT + EPS).rsqrt()


def normalize_by_maximum(weight: Tensor, styles: Tensor) -> tuple[Tensor, Tensor]:
    """Scale kernel and styles by their maxima, lest half precision overflow; demodulation undoes it."""
    fan_in = weight[0].numel()
    weight = weight * (fan_in**-0.5 / weight.abs().amax(dim=(1, 2, 3), keepdim=True))
    return weight, styles / styles.abs().amax(dim=1, keepdim=True)


def convolve(x: Tensor, weight: Tensor, fir: Tensor | None, gain: float = 1.0) -> Tensor:
    """Convolve with ``same`` padding, or, given a filter, double the resolution on the way.

    The doubling form is a transposed convolution of stride 2 followed by the filter.

    Args:
        x: ``(B, I, H, W)``.
        weight: ``(O, I, k, k)``.
        fir: Filter of the doubling form; ``None`` keeps the resolution.
        gain: Further gain of the doubling form, folded into its filter.
    """
    if fir is None:
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    doubled = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return smooth(doubled, fir, padding=(fir.shape[-1] - weight.shape[-1] + 1) // 2, gain=4.0 * gain)


def modulated_conv2d(
    x: Tensor, weight: Tensor, styles: Tensor, *, fir: Tensor | None = None, demodulate: bool = True
) -> Tensor:
    """Convolve each picture of a batch with the kernel its style modulates.

    Args:
        x: ``(B, I, H, W)``.
        weight: ``(O, I, k, k)``, as stored.
        styles: ``(B, I)``, scales of the input channels.
        fir: As in :func:`convolve`.
        demodulate: Scale the output channels back to unit norm.

    Returns:
        ``(B, O, H, W)``, or twice that resolution with ``fir``.
    """
    if demodulate and x.dtype in (torch.float16, torch.bfloat16):
        weight, styles = normalize_by_maximum(weight, styles)
    y = convolve(x * styles.to(x.dtype)[:, :, None, None], weight.to(x.dtype), fir)
    if demodulate:
        y = y * demodulation(weight, styles).to(x.dtype)[:, :, None, None]
    return y


def fold(weight: Tensor, styles: Tensor, *, demodulate: bool = True, gain: float = 1.0) -> Tensor:
    """Return the kernel ``(O, I, k, k)`` that a style ``(1, I)`` makes of the stored one, times ``gain``."""
    if not demodulate:
        return weight * (styles[0] * gain)[:, None, None]
    folded = weight * styles[0][:, None, None]
    energy = torch.linalg.vector_norm(folded, dim=(1, 2, 3)).square()
    return folded.mul_(((energy + EPS).rsqrt() * gain)[:, None, None, None])
