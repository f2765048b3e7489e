"""Fully connected layer with an equalised learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.ops.activation import leaky_relu, needs_graph

_MANY = 4096


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map ``(..., I)`` by a weight ``(O, I)`` and a bias ``(O,)``; on a CPU fast for many rows of few features.

    Of narrow layers on a CPU, a 1x1 convolution makes the same numbers in half the time of a matrix product.
    """
    if (
        x.device.type != "cpu"
        or x.dtype != torch.float32
        or torch.compiler.is_compiling()
        or needs_graph(x, weight)
        or not x.is_contiguous()
        or x.numel() < _MANY * weight.shape[1]
    ):
        return F.linear(x, weight, bias)
    picture = x.reshape(1, -1, 1, weight.shape[1]).permute(0, 3, 1, 2)
    y = F.conv2d(picture, weight[:, :, None, None], bias)
    return y.permute(0, 2, 3, 1).reshape(*x.shape[:-1], weight.shape[0])


class Linear(nn.Module):
    """Linear layer whose weight is stored at unit variance and scaled when it is used.

    The stored weight is applied times ``lr_multiplier / sqrt(fan_in)``, the bias times ``lr_multiplier``; a
    stored weight drawn with variance ``1 / lr_multiplier^2`` so has unit gain, and learns ``lr_multiplier``
    as fast. Karras et al. 2018, "Progressive Growing of GANs", section 4.1.

    Args:
        activate: Follow with the leaky ReLU of :func:`~aetherist.components.ops.activation.leaky_relu`.
        bias_init: Initial value of the applied bias.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activate: bool = False,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.activate = activate
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in_features)`` to ``(..., out_features)``."""
        weight = self.weight.to(x.dtype) * self.weight_gain
        bias = self.bias.to(x.dtype)
        y = linear(x, weight, bias if self.bias_gain == 1.0 else bias * self.bias_gain)
        return leaky_relu(y) if self.activate else y

    def extra_repr(self) -> str:
        """Return the sizes for ``repr``."""
        wide, out = self.weight.shape[1], self.weight.shape[0]
        return f"in_features={wide}, out_features={out}, activate={self.activate}"


def normalize_second_moment(x: Tensor, eps: float = 1e-8) -> Tensor:
    """Scale the vectors along the last axis to unit second moment."""
    return x * (x.square().mean(dim=-1, keepdim=True) + eps).rsqrt()
