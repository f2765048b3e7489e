"""Splines of a latent: what one linear layer needs to follow numbers whose effect bends or jumps."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor

from aetherist.components.types import Latent
from aetherist.core import Component, ComponentConfig, component

Knots = Annotated[tuple[float, ...], Field(min_length=2)]


@component("latent.splines")
class LatentSplines(Component):
    """Append to a latent how near its chosen numbers are to each of a row of knots.

    Nearness is a hat: 1 at its knot, 0 from the next ones on, linear between. Weights on the hats of a number are the
    values of a piecewise linear function at its knots, so one linear layer after this one is an additive model (Hastie
    and Tibshirani 1986): what comes of a number, or of a pair, may bend and jump, and different numbers do not mix. A
    few thousand people teach that; a deep mapping network learns as many by heart.
    """

    class Config(ComponentConfig):
        """Which numbers, and where the knots are."""

        latent_dim: PositiveInt = 512
        """Numbers in a latent."""
        singles: tuple[NonNegativeInt, ...] = ()
        """Places in the latent of the numbers that get hats."""
        pairs: tuple[tuple[NonNegativeInt, NonNegativeInt], ...] = ()
        """Places of two numbers whose hats are multiplied, each with each: what one does may hang on the other."""
        knots: Knots = (-1.5, -1.0, -0.67, -0.32, 0.0, 0.32, 0.67, 1.0, 1.5)
        """Where the hats of a number stand, in order; beyond the outermost a function goes on level."""
        second_knots: Knots = (-1.0, -0.2, 0.2, 1.0)
        """Those of the second of a pair."""

        @property
        def width(self) -> int:
            """Numbers that come out."""
            each = len(self.singles) + len(self.pairs) * len(self.second_knots)
            return self.latent_dim + each * len(self.knots)

        @model_validator(mode="after")
        def _knots_and_places(self) -> Self:
            for name in ("knots", "second_knots"):
                knots = getattr(self, name)
                if any(after <= before for before, after in pairwise(knots)):
                    raise ValueError(f"{name}: {list(knots)} do not rise; write them in order, each once")
            beyond = [at for at in (*self.singles, *sum(self.pairs, ())) if at >= self.latent_dim]
            if beyond:
                raise ValueError(f"the latent has no place {beyond[0]}: its {self.latent_dim} numbers count from 0")
            return self

    config: Config

    def forward(self, latent: Latent["B latent_dim"]) -> Latent["B width"]:
        """Return the latent, the hats of its singles, and of its pairs the products, the second's running fastest."""
        config = self.config
        batch = latent.shape[0]
        parts = [latent, _hats(latent[:, list(config.singles)], config.knots).reshape(batch, -1)]
        if config.pairs:
            first, second = (list(places) for places in zip(*config.pairs, strict=True))
            near, other = _hats(latent[:, first], config.knots), _hats(latent[:, second], config.second_knots)
            parts.append((near[..., :, None] * other[..., None, :]).reshape(batch, -1))
        return torch.cat(parts, dim=1)


def _hats(values: Tensor, knots: tuple[float, ...]) -> Tensor:
    """Return how near values ``(B, N)`` are to each knot, ``(B, N, K)``; over the knots they sum to 1."""
    row = values.new_tensor((knots[0] - 1.0, *knots, knots[-1] + 1.0))
    inside = values.clamp(knots[0], knots[-1])[..., None]
    rising = (inside - row[:-2]) / (row[1:-1] - row[:-2])
    falling = (row[2:] - inside) / (row[2:] - row[1:-1])
    return torch.minimum(rising, falling).clamp(min=0.0)
