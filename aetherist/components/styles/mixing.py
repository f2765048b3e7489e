"""What lies between two people."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def slerp(one: Tensor, other: Tensor, amount: float) -> Tensor:
    """Return what lies between vectors ``(..., N)`` on the arc between their directions, its length between theirs.

    Shoemake 1985. Opposite directions, between which there is no one arc, are mixed in a straight line.
    """
    first, second = one.double(), other.double()
    lengths = [vector.norm(dim=-1, keepdim=True).clamp_min(1e-12) for vector in (first, second)]
    units = first / lengths[0], second / lengths[1]
    # The angle by its sine and cosine halves: an arc cosine loses small angles, and its gradient at 1 is infinite.
    apart, along = (units[0] - units[1]).norm(dim=-1, keepdim=True), (units[0] + units[1]).norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(apart, along)
    straight = torch.minimum(angle, math.pi - angle) < 1e-6
    safe = torch.where(straight, torch.full_like(angle, math.pi / 2), angle)
    direction = torch.sin((1 - amount) * safe) * units[0] + torch.sin(amount * safe) * units[1]
    mixed = direction / torch.sin(safe) * torch.lerp(lengths[0], lengths[1], amount)
    return torch.where(straight, torch.lerp(first, second, amount), mixed).to(one.dtype)


def mixed_layers(one: Tensor, other: Tensor, amount: float, layers: Iterable[int]) -> Tensor:
    """Return styles ``(L, D)`` of which some layers lie between two.

    Raises:
        ValueError: If there is no such layer.
    """
    count = len(one)
    chosen = list(layers)
    for layer in chosen:
        if not -count <= layer < count:
            raise ValueError(f"there is no layer {layer}: the styles have {count}, from 0")
    mixed = one.clone()
    mixed[chosen] = torch.lerp(one[chosen], other[chosen], amount)
    return mixed
