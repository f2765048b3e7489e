"""Where along a ray the field is looked at: stratified, in disparity, and by importance.

Mildenhall et al. 2020, "NeRF", section 5.2. Depths are ``(B, R, S)``; an axis may be 1 where all its rows are
equal.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Spacing = Literal["depth", "disparity"]


def stratified_depths(
    near: Tensor, far: Tensor, samples: int, spacing: Spacing = "depth", jitter: Tensor | None = None
) -> Tensor:
    """Return depths from ``near`` to ``far``, evenly spaced in depth or in disparity.

    Args:
        near: ``(B, R, 1)`` or broadcastable.
        far: As ``near``.
        samples: How many, at least 2.
        spacing: What is evenly spaced.
        jitter: ``(B, R, samples)`` in [0, 1): how far each sample moves towards the next.
    """
    steps = torch.linspace(0.0, 1.0, samples, dtype=near.dtype, device=near.device)
    if jitter is not None:
        steps = steps + jitter / (samples - 1)
    if spacing == "depth":
        return torch.lerp(near, far, steps)
    return 1.0 / torch.lerp(1.0 / near, 1.0 / far, steps)


def importance_depths(depths: Tensor, weights: Tensor, samples: int, draws: Tensor | None = None) -> Tensor:
    """Return further depths where the weights of the coarse ones are large, by inverse transform.

    The weights are widened by a maximum and then a mean over two neighbours. The last bin is never drawn
    from, which trained networks expect. Nothing is differentiated: depths are a choice of where to look.

    Args:
        depths: Coarse depths, ``(B, R, S)`` or broadcastable.
        weights: Weights of the intervals between them, ``(B, R, S - 1)``.
        samples: How many depths to return.
        draws: ``(B, R, samples)`` in [0, 1); ``None`` spaces them evenly.

    Returns:
        ``(B, R, samples)``, ascending if the draws are.
    """
    with torch.no_grad():
        weights, depths = weights.detach(), depths.detach()
        padded = F.pad(weights, (1, 1))
        widened = torch.maximum(padded[..., 1:], padded[..., :-1])
        smooth = (widened[..., 1:] + widened[..., :-1]) * 0.5 + 0.01
        bins = (depths[..., 1:] + depths[..., :-1]) * 0.5
        inner = smooth[..., 1:-1] + 1e-5
        cdf = F.pad((inner / inner.sum(dim=-1, keepdim=True)).cumsum(dim=-1), (1, 0))
        if draws is None:
            draws = (torch.arange(samples, dtype=weights.dtype, device=weights.device) + 0.5) / samples
            draws = draws.expand(*cdf.shape[:-1], samples)
        above = torch.searchsorted(cdf.contiguous(), draws.contiguous(), right=True)
        below = (above - 1).clamp_(min=0)
        above = above.clamp_(max=cdf.shape[-1] - 1)
        bins = bins.expand(*cdf.shape[:-1], bins.shape[-1])
        low, high = cdf.gather(-1, below), cdf.gather(-1, above)
        start, end = bins.gather(-1, below), bins.gather(-1, above)
        width = high - low
        width = torch.where(width < 1e-5, torch.ones_like(width), width)
        return start + (draws - low) / width * (end - start)
