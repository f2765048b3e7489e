"""Random numbers as a function of a seed and a position.

A generator's stream depends on how many numbers were drawn before; these do not: the number at a position is
a hash of (seed, stream, position), so one seed gives the same picture whatever the batch, the tile or the
device, and nothing leaves the device. Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF
# Odd 31-bit multipliers: a product with a 32-bit number stays within int64.
_FIRST, _SECOND, _STEP = 0x2C1B3C6D, 0x297A2D39, 0x61C88647


def _mix(x: Tensor) -> Tensor:
    """Permute 32-bit numbers, held in int64, so that every bit depends on every bit."""
    x = ((x ^ (x >> 16)) * _FIRST) & _MASK
    x = ((x ^ (x >> 12)) * _SECOND) & _MASK
    x = x ^ (x >> 15)
    # A view that inductor has to store: else it repeats the whole chain at both uses of every x, doubling at each.
    return x.as_strided(x.shape, x.stride())


def hashed(seeds: Tensor, positions: Tensor, stream: int) -> Tensor:
    """Return 32 random bits, in int64, for each seed and position: ``(B, *positions.shape)``.

    Args:
        seeds: ``(B,)`` int64, all 64 bits count.
        positions: int64 of any shape, each in [0, 2^32).
        stream: Which of many independent sequences.
    """
    low, high = seeds & _MASK, (seeds >> 32) & _MASK
    key = _mix((_mix((_mix(low) + high) & _MASK) + stream * _STEP) & _MASK)
    key = key.reshape(-1, *[1] * positions.ndim)
    # The key enters twice, or sequences of two seeds would be shifted copies of one another.
    return _mix((_mix((positions + key) & _MASK) ^ _mix((key + _STEP) & _MASK)) & _MASK)


def uniform(seeds: Tensor, positions: Tensor, stream: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return numbers uniform in (0, 1), ``(B, *positions.shape)``; arguments as :func:`hashed`."""
    bits = hashed(seeds, positions, stream) >> 9
    return ((bits.double() + 0.5) / 2**23).to(dtype)


def normal(seeds: Tensor, positions: Tensor, stream: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return standard normal numbers, ``(B, *positions.shape)``; arguments as :func:`hashed`.

    Box and Muller's transform in float64, so that devices agree after rounding.
    """
    radius = (hashed(seeds, positions, 2 * stream).double() + 0.5) / 2**32
    angle = hashed(seeds, positions, 2 * stream + 1).double() / 2**32
    return ((-2.0 * radius.log()).sqrt() * (2.0 * math.pi * angle).cos()).to(dtype)


def normal_map(seeds: Tensor, height: int, width: int, stream: int) -> Tensor:
    """Return a map of standard normal numbers for each seed, ``(B, 1, height, width)``."""
    positions = torch.arange(height * width, device=seeds.device).reshape(1, height, width)
    return normal(seeds, positions, stream)
