"""Compositing of samples along rays by the mid-point rule.

An interval between neighbouring samples has the mean of their densities, colours and depths (Max 1995,
section 4; Chan et al. 2022, section 4.2). The rule is linear in the colours, so a sample's own weight is the
mean of the weights of the two intervals that it bounds: only depths and densities have to be put in order,
and colours are summed where they lie.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def interval_weights(depths: Tensor, density: Tensor, shift: float = -1.0) -> Tensor:
    """Return how much each interval between neighbouring samples adds to the picture, ``(B, R, S - 1)``.

    Args:
        depths: Ascending, ``(B, R, S)`` or broadcastable.
        density: Before its softplus, ``(B, R, S)``.
        shift: Added to the density before the softplus.
    """
    middle = F.softplus((density[..., 1:] + density[..., :-1]) * 0.5 + shift)
    alpha = 1.0 - torch.exp(-middle * (depths[..., 1:] - depths[..., :-1]))
    passed = (1.0 - alpha + 1e-10).cumprod(dim=-1)
    return alpha * F.pad(passed[..., :-1], (1, 0), value=1.0)


def sample_weights(intervals: Tensor) -> Tensor:
    """Return the weight of each sample, ``(B, R, S)``, from those of the intervals, ``(B, R, S - 1)``."""
    return (F.pad(intervals, (1, 0)) + F.pad(intervals, (0, 1))) * 0.5


def weighted_depth(depths: Tensor, intervals: Tensor) -> Tensor:
    """Return the sum of the intervals' middle depths by weight, ``(B, R)``; over alpha it is the depth."""
    return (intervals * ((depths[..., 1:] + depths[..., :-1]) * 0.5)).sum(dim=-1)


def unsort(weights: Tensor, order: Tensor) -> Tensor:
    """Return weights ``(B, R, S)`` in the order that the samples had before they were sorted by ``order``."""
    return torch.zeros_like(weights).scatter(-1, order, weights)


def blend(features: Tensor, weights: Tensor, fast: bool = False) -> Tensor:
    """Return the weighted sum of the features along each ray, ``(B, R, C)``.

    Args:
        features: ``(B, R, S, C)``, in any order along the ray.
        weights: ``(B, R, S)``, in the same order.
        fast: Sum by a gather, which autograd cannot differentiate twice.
    """
    if not fast:
        return (weights[..., None, :] @ features).squeeze(-2)
    samples, channels = features.shape[-2:]
    rows = features.reshape(-1, channels)
    places = torch.arange(rows.shape[0], device=rows.device).reshape(-1, samples)
    summed = F.embedding_bag(places, rows, mode="sum", per_sample_weights=weights.reshape(-1, samples))
    return summed.reshape(*weights.shape[:-1], channels)
