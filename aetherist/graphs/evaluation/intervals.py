"""Numbers with 95% intervals.

Means are bootstrapped over people, not over pictures: two pictures of one person are no two observations. Efron and
Tibshirani 1993, "An Introduction to the Bootstrap", chapters 8 and 13.
"""

from __future__ import annotations

import zlib

import attrs
import torch
from torch import Tensor

RESAMPLES = 1000
"""Draws of a bootstrap."""

NORMAL_95 = 1.959964
"""Standard deviations on either side that hold 95% of a normal distribution."""


@attrs.frozen
class Estimate:
    """A number, and the ends of its 95% interval; None where there is too little to tell."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def spread(cls, value: float, deviation: float) -> Estimate:
        """Return the estimate with the interval of a normal distribution around it."""
        return cls(value, value - NORMAL_95 * deviation, value + NORMAL_95 * deviation)

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit."""
        ends = [None if end is None else end * factor for end in (self.low, self.high)]
        return Estimate(self.value * factor, *ends)


def generator(seed: int, what: str) -> torch.Generator:
    """Return random numbers that depend on the seed and on what they are for."""
    return torch.Generator().manual_seed(zlib.crc32(f"{seed}.{what}".encode()))


def resampled(groups: Tensor, draws: torch.Generator) -> Tensor:
    """Draw as many groups as there are, with replacement; return how often each row was drawn, ``(N,)`` integers.

    Args:
        groups: ``(N,)``, the number of each row's group, from 0.
        draws: Random numbers.
    """
    count = int(groups.max()) + 1
    drawn = torch.randint(count, (count,), generator=draws)
    counts: Tensor = torch.bincount(drawn, minlength=count)[groups]
    return counts


def mean_of(values: Tensor, groups: Tensor | None = None, *, seed: int = 0) -> Estimate:
    """Return the mean of ``values`` with a percentile bootstrap over groups.

    Args:
        values: ``(N,)``.
        groups: ``(N,)``, which values belong together, as integers of any kind; each alone if not given.
        seed: Of the draws.
    """
    values = values.double().cpu()
    numbers = torch.arange(len(values)) if groups is None else numbered(groups)
    count = int(numbers.max()) + 1
    value = float(values.mean())
    if count < 2:
        return Estimate(value)
    sums = torch.zeros(count, dtype=torch.float64).index_add_(0, numbers, values)
    sizes = torch.bincount(numbers, minlength=count).double()
    drawn = torch.randint(count, (RESAMPLES, count), generator=generator(seed, "bootstrap"))
    means = sums[drawn].sum(dim=1) / sizes[drawn].sum(dim=1)
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(value, low, high)


def numbered(groups: Tensor) -> Tensor:
    """Return the groups numbered from 0 without gaps."""
    numbers: Tensor = torch.unique(groups.cpu(), return_inverse=True)[1]
    return numbers
