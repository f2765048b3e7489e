"""What lies between two people."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def slerp(one: Tensor, other: Tensor, amount: float) -> Tensor:
    """Return what lies between two vectors on the arc between their directions, its length between theirs.

    Shoemake 1985. Opposite directions, between which there is no one arc, are mixed in a straight line.
    """
    first, second = one.double(), other.double()
    lengths = first.norm(), second.norm()
    cosine = (first @ second / (lengths[0] * lengths[1]).clamp_min(1e-12)).clamp(-1, 1)
    angle = torch.acos(cosine)
    if min(angle, math.pi - angle) < 1e-6:
        return torch.lerp(one, other, amount)
    direction = torch.sin((1 - amount) * angle) * first / lengths[0] + torch.sin(amount * angle) * second / lengths[1]
    length = lengths[0] + (lengths[1] - lengths[0]) * amount
    mixed: Tensor = direction / torch.sin(angle) * length
    return mixed.to(one.dtype)


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
