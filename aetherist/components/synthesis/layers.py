"""The layers and blocks of StyleGAN2 synthesis, shared by the plane generator and by super-resolution.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN". Each layer has two forms of the
same
arithmetic: a plain one for autograd and compilers, and one for a single picture at inference that folds the
    style, the
demodulation and the gain into the kernel and then works in place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.ops.activation import GAIN, leaky_relu, leaky_relu_, needs_graph
from aetherist.components.ops.linear import Linear
from aetherist.components.ops.modulated_conv import fold, modulated_conv2d
from aetherist.components.ops.noise import normal_map
from aetherist.components.ops.resample import fir_filter, smooth, upsample

NoiseMode = Literal["const", "random", "none"]
Precision = Literal["fp16", "bf16"]


class SynthesisLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias and leaky ReLU; with ``up``, doubling the resolution.

    Args:
        resolution: Rows and columns of the output.
        stream: Number of the layer, so that each layer's random noise is its own.
        conv_clamp: Bound of the output's magnitude, or ``None``.
    """

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style_dim: int,
        resolution: int,
        *,
        up: bool,
        stream: int,
        conv_clamp: float | None,
    ) -> None:
        super().__init__()
        self.up, self.stream, self.resolution, self.conv_clamp = up, stream, resolution, conv_clamp
        self.affine = Linear(style_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", fir_filter())

    def noise(self, mode: NoiseMode, seeds: Tensor | None) -> Tensor | None:
        """Return what is added to the picture, ``(1 or B, 1, H, W)``, or ``None``."""
        if mode == "none":
            return None
        if mode == "const":
            return (self.noise_const * self.noise_strength)[None, None]
        assert seeds is not None
        maps = normal_map(seeds, self.resolution, self.resolution, self.stream)
        return maps.to(self.noise_strength.dtype) * self.noise_strength

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        """Map ``(B, I, h, w)`` with styles ``(B, style_dim)`` to ``(B, O, H, W)``."""
        styles = self.affine(style)
        fir = self.resample_filter if self.up else None
        if x.shape[0] == 1 and not torch.compiler.is_compiling() and not needs_graph(x, styles, self.weight):
            return self._single(x, styles, noise)
        y = modulated_conv2d(x, self.weight, styles, fir=fir)
        if noise is not None:
            y = y + noise.to(y.dtype)
        return leaky_relu(y + self.bias.to(y.dtype)[:, None, None], clamp=self.conv_clamp)

    def _single(self, x: Tensor, styles: Tensor, noise: Tensor | None) -> Tensor:
        # A positive gain may go before a leaky ReLU as well as after it: here it rides on kernel, bias and
        # noise.
        bias = (self.bias * GAIN).to(x.dtype)
        if self.up:
            kernel = fold(self.weight, styles).to(x.dtype)
            y = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)
            y = smooth(y, self.resample_filter, padding=1, gain=4.0 * GAIN, bias=bias)
        else:
            kernel = fold(self.weight, styles, gain=GAIN).to(x.dtype)
            y = F.conv2d(x, kernel, bias, padding=1)
        if noise is not None:
            y += (noise * GAIN).to(y.dtype)
        return leaky_relu_(y, gain=1.0, clamp=self.conv_clamp)


class ToImage(nn.Module):
    """Modulated 1x1 convolution to the picture's channels, without demodulation."""

    def __init__(self, in_channels: int, out_channels: int, style_dim: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.conv_clamp = conv_clamp
        self.affine = Linear(style_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.weight_gain = 1.0 / math.sqrt(in_channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Map ``(B, I, H, W)`` with styles ``(B, style_dim)`` to ``(B, O, H, W)``."""
        styles = self.affine(style) * self.weight_gain
        if x.shape[0] == 1 and not torch.compiler.is_compiling() and not needs_graph(x, styles, self.weight):
            kernel = fold(self.weight, styles, demodulate=False).to(x.dtype)
            y = F.conv2d(x, kernel, self.bias.to(x.dtype))
            return y if self.conv_clamp is None else y.clamp_(-self.conv_clamp, self.conv_clamp)
        y = modulated_conv2d(x, self.weight, styles, demodulate=False) + self.bias.to(x.dtype)[:, None, None]
        return y if self.conv_clamp is None else y.clamp(-self.conv_clamp, self.conv_clamp)


class SynthesisBlock(nn.Module):
    """One resolution: convolutions, and a layer that adds to the picture so far.

    The first block of a network (``in_channels = 0``) starts from a learned constant and has one convolution;
    every other has two, of which the first doubles the resolution if ``up``.

    Args:
        positions: Whether a learned map is added between the convolutions.
        precision: Half precision of the block's activations, or ``None`` for that of its weights.
    """

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style_dim: int,
        resolution: int,
        image_channels: int,
        *,
        up: bool = True,
        stream: int = 0,
        positions: bool = False,
        conv_clamp: float | None = None,
        precision: Precision | None = None,
    ) -> None:
        super().__init__()
        self.up, self.precision = up and in_channels > 0, precision
        self.positions: nn.Parameter | None = None
        self.register_buffer("resample_filter", fir_filter())
        self.conv0: SynthesisLayer | None = None
        if in_channels == 0:
            self.const = nn.Parameter(torch.randn(out_channels, resolution, resolution))
        else:
            self.conv0 = SynthesisLayer(
                in_channels, out_channels, style_dim, resolution, up=up, stream=stream, conv_clamp=conv_clamp
            )
            if positions:
                self.positions = nn.Parameter(torch.zeros(out_channels, resolution, resolution))
        self.conv1 = SynthesisLayer(
            out_channels,
            out_channels,
            style_dim,
            resolution,
            up=False,
            stream=stream + 1,
            conv_clamp=conv_clamp,
        )
        self.torgb = ToImage(out_channels, image_channels, style_dim, conv_clamp)

    @property
    def convolutions(self) -> int:
        """How many style vectors the convolutions take."""
        return 1 if self.conv0 is None else 2

    def forward(
        self,
        x: Tensor | None,
        image: Tensor | None,
        styles: Sequence[Tensor],
        mode: NoiseMode,
        seeds: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the features and the picture at this block's resolution.

        Args:
            x: Features so far, ``(B, I, h, w)``; ``None`` in a first block.
            image: Picture so far, ``(B, image_channels, h, w)``.
            styles: ``(B, style_dim)`` for each convolution and one for the picture.
            mode: Which noise is added.
            seeds: ``(B,)``, for random noise.
        """
        style = iter(styles)
        if x is None:
            x = self.const.to(styles[0].dtype).expand(styles[0].shape[0], *self.const.shape)
        x = x.to(self._dtype(x))
        if not needs_graph(x, self.conv1.weight):
            x = x.contiguous(memory_format=torch.channels_last)
        if self.conv0 is not None:
            x = self.conv0(x, next(style), self.conv0.noise(mode, seeds))
            if self.positions is not None:
                x = x + self.positions.to(x.dtype)
        x = self.conv1(x, next(style), self.conv1.noise(mode, seeds))
        y = self.torgb(x, next(style)).to(styles[0].dtype)
        if image is None:
            return x, y
        if not self.up:
            return x, image + y
        image = upsample(image, self.resample_filter)
        return x, image + y if needs_graph(image, y) else image.add_(y)

    def _dtype(self, x: Tensor) -> torch.dtype:
        if self.precision == "bf16":
            return torch.bfloat16
        # Float16 convolutions on a CPU are slower than float32 and overflow: they are for GPUs.
        if self.precision == "fp16" and x.device.type != "cpu":
            return torch.float16
        return self.conv1.weight.dtype
