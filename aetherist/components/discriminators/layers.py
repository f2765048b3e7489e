"""The layers of a residual StyleGAN2 discriminator. Karras et al. 2020, section 4.2."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.ops.activation import GAIN, leaky_relu
from aetherist.components.ops.linear import Linear
from aetherist.components.ops.resample import downsample, fir_filter, smooth


class ConvLayer(nn.Module):
    """Convolution with an equalised learning rate, optional FIR halving and leaky ReLU, a gain and a clamp.

    Args:
        down: Halve the resolution: the filter, then a convolution of stride 2.
        activate: Follow with leaky ReLU.
        gain: Gain of the output; the clamp scales with it.
    """

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        *,
        down: bool = False,
        bias: bool = True,
        activate: bool = True,
        gain: float = 1.0,
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.down, self.activate, self.gain = down, activate, gain
        self.clamp = None if conv_clamp is None else conv_clamp * gain
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, size, size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.weight_gain = 1.0 / math.sqrt(in_channels * size * size)
        self.register_buffer("resample_filter", fir_filter())

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, I, H, W)`` to ``(B, O, H, W)``, or half that resolution."""
        weight = (self.weight * self.weight_gain).to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        y = self._convolve(x, weight, bias)
        if self.activate:
            return leaky_relu(y, gain=GAIN * self.gain, clamp=self.clamp)
        y = y if self.gain == 1.0 else y * self.gain
        return y if self.clamp is None else y.clamp(-self.clamp, self.clamp)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        size = weight.shape[-1]
        if not self.down:
            return F.conv2d(x, weight, bias, padding=size // 2)
        if size == 1:
            return F.conv2d(downsample(x, self.resample_filter), weight, bias)
        fir = self.resample_filter
        blurred = smooth(x, fir, padding=(fir.shape[-1] - 2) // 2 + size // 2)
        return F.conv2d(blurred, weight, bias, stride=2)


class DiscriminatorBlock(nn.Module):
    """Two convolutions beside a linear skip; halves the resolution.

    Args:
        image_channels: Channels of the picture that the block reads; 0 unless it is the first.
    """

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        image_channels: int = 0,
        conv_clamp: float | None = None,
        half: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.half_dtype = half
        self.register_buffer("resample_filter", fir_filter())
        self.fromrgb: ConvLayer | None = None
        if image_channels:
            self.fromrgb = ConvLayer(image_channels, in_channels, 1, conv_clamp=conv_clamp)
        gain = math.sqrt(0.5)
        self.conv0 = ConvLayer(in_channels, in_channels, 3, conv_clamp=conv_clamp)
        self.conv1 = ConvLayer(in_channels, out_channels, 3, down=True, gain=gain, conv_clamp=conv_clamp)
        self.skip = ConvLayer(
            in_channels,
            out_channels,
            1,
            down=True,
            bias=False,
            activate=False,
            gain=gain,
            conv_clamp=conv_clamp,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map features, or the picture in a first block, ``(B, C, H, W)`` to ``(B, O, H / 2, W / 2)``."""
        x = x.to(self._dtype(x))
        if self.fromrgb is not None:
            x = self.fromrgb(x)
        y: Tensor = self.skip(x) + self.conv1(self.conv0(x))
        return y

    def _dtype(self, x: Tensor) -> torch.dtype:
        if self.half_dtype is None or (self.half_dtype == torch.float16 and x.device.type == "cpu"):
            return self.conv0.weight.dtype
        return self.half_dtype


class MinibatchStdLayer(nn.Module):
    """Append the mean standard deviation over groups of a batch as a channel. Karras et al. 2018, section 3.

    Row ``n`` belongs to group ``n modulo (number of groups)``; where the batch is no multiple of the group
    size, some groups are one smaller.
    """

    def __init__(self, group_size: int) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, C + 1, H, W)``."""
        batch = x.shape[0]
        groups = (batch + self.group_size - 1) // self.group_size
        group = torch.arange(batch, device=x.device) % groups
        together = (group[:, None] == group[None, :]).to(x.dtype)
        average = together / together.sum(dim=1, keepdim=True)
        flat = x.flatten(1)
        variance = average @ (flat - average @ flat).square()
        deviation = (variance + 1e-8).sqrt().mean(dim=1)
        return torch.cat([x, deviation[:, None, None, None].expand(-1, 1, *x.shape[2:])], dim=1)


class Epilogue(nn.Module):
    """Minibatch statistics, a convolution, and two fully connected layers at 4x4."""

    def __init__(self, channels: int, out_features: int, *, group_size: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.mbstd = MinibatchStdLayer(group_size)
        self.conv = ConvLayer(channels + 1, channels, 3, conv_clamp=conv_clamp)
        self.fc = Linear(channels * 16, channels, activate=True)
        self.out = Linear(channels, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, 4, 4)`` to ``(B, out_features)``."""
        y: Tensor = self.out(self.fc(self.conv(self.mbstd(x)).flatten(1)))
        return y
