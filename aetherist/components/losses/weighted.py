"""The weighted sum of losses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field

from aetherist.components.types import Loss
from aetherist.core import Component, ComponentConfig, component
from aetherist.core.errors import did_you_mean


class WeightedTerms(NamedTuple):
    """What to minimise, and what each term adds to it."""

    total: Loss[""]
    terms: dict[str, Loss[""]]


@component("loss.weighted_sum")
class WeightedSum(Component):
    """Add losses by their weights, and report what each contributes."""

    class Config(ComponentConfig):
        """The weights."""

        weights: dict[str, float] = Field(default_factory=dict)
        """Weight of each term by its name; a term that is not named weighs 1."""

    config: Config

    def forward(self, terms: dict[str, Loss[""]], factors: dict[str, float] | None = None) -> WeightedTerms:
        """Return the sum, and every term times its weight.

        Args:
            terms: Losses by name.
            factors: What to multiply weights by, by name: for those that a schedule changes while training goes on.

        Raises:
            ValueError: If there is no term, or a weight or factor belongs to none.
        """
        factors = factors or {}
        if not terms:
            raise ValueError("loss.weighted_sum: there is nothing to add; wire at least one term")
        for kind, names in (("weight", self.config.weights), ("factor", factors)):
            for name in names:
                if name not in terms:
                    known = did_you_mean(name, terms)
                    raise ValueError(f"loss.weighted_sum: the {kind} '{name}' belongs to no term; {known}")
        weights = {name: self.config.weights.get(name, 1.0) * factors.get(name, 1.0) for name in terms}
        weighted = {name: value * weights[name] for name, value in terms.items()}
        return WeightedTerms(torch.stack(list(weighted.values())).sum(), weighted)
