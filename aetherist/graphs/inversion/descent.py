"""Gradient descent on a few tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from aetherist.graphs.inversion.objective import numbers

_WARM = 0.05
"""Share of the steps in which the rates rise."""


class Descent:
    """Adam on tensors of its own, whose rates rise quickly and fall as a cosine; iterating gives the steps, from 1.

    Args:
        steps: How many.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._groups: list[dict[str, object]] = []
        self._optimizer: torch.optim.Adam | None = None
        self._rates: list[float] = []

    def add(self, values: Tensor, rate: float) -> Tensor:
        """Return a tensor to move, that begins with these values."""
        tensor = values.detach().clone().requires_grad_()
        self.adopt([tensor], rate)
        return tensor

    def adopt(self, tensors: Sequence[Tensor], rate: float) -> None:
        """Move tensors that are there."""
        self._groups.append({"params": list(tensors), "lr": rate})
        self._rates.append(rate)

    def __iter__(self) -> Iterator[int]:
        self._optimizer = torch.optim.Adam(self._groups, betas=(0.9, 0.99))
        for step in range(self.steps):
            done = step / self.steps
            factor = min(1.0, (step + 1) / max(_WARM * self.steps, 1.0)) * (0.5 + 0.5 * math.cos(math.pi * done))
            for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            yield step + 1

    def descend(self, terms: Mapping[str, Tensor]) -> dict[str, float]:
        """Take a step against the sum of the terms; return them as they were before.

        Raises:
            ValueError: If a term is not finite.
        """
        assert self._optimizer is not None
        values = numbers(terms)
        tensors = [tensor for group in self._optimizer.param_groups for tensor in group["params"]]
        # Asked for these alone, autograd computes no gradient of the weights of a model that stands still.
        slopes = torch.autograd.grad(torch.stack(list(terms.values())).sum(), tensors, allow_unused=True)
        for tensor, slope in zip(tensors, slopes, strict=True):
            tensor.grad = slope
        self._optimizer.step()
        return values
