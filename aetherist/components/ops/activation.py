"""The activation of the StyleGAN2 layers, in place where autograd allows it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

SLOPE = 0.2
GAIN = math.sqrt(2.0)


def needs_graph(*tensors: Tensor | None) -> bool:
    """Return whether autograd records what is computed from ``tensors``."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)


def leaky_relu(x: Tensor, gain: float = GAIN, clamp: float | None = None) -> Tensor:
    """Apply leaky ReLU with slope 0.2, a gain, and an optional clamp to ``[-clamp, clamp]``."""
    y = F.leaky_relu(x, SLOPE)
    if gain != 1.0:
        y = y * gain
    return y if clamp is None else y.clamp(-clamp, clamp)


def leaky_relu_(x: Tensor, gain: float = GAIN, clamp: float | None = None) -> Tensor:
    """Do as :func:`leaky_relu`, overwriting ``x``; for tensors of our own that autograd does not record."""
    F.leaky_relu_(x, SLOPE)
    if gain != 1.0:
        x.mul_(gain)
    return x if clamp is None else x.clamp_(-clamp, clamp)
