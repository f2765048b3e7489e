"""Decoders: features of a point to its density and colours."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.ops.activation import needs_graph
from aetherist.components.ops.linear import Linear
from aetherist.components.types import Density, PointFeatures
from aetherist.core import Component, ComponentConfig, component


class Field(NamedTuple):
    """What a decoder makes of a point."""

    density: Density["B N 1"]
    features: PointFeatures["B N features"]


def _to_colour(x: Tensor) -> Tensor:
    """Bring features to (-0.001, 1.001): a sigmoid that can reach black and white. Mip-NeRF, appendix."""
    y = torch.sigmoid(x)
    return y * 1.002 - 0.001 if needs_graph(y) else y.mul_(1.002).sub_(0.001)


@component("decoder.softplus")
class SoftplusDecoder(Component):
    """Decode plane features with one hidden layer of softplus units.

    Chan et al. 2022, section 4.2. Channel 0 of the output is the density, before its softplus; the others are
    features of which the first three are colours in [0, 1].
    """

    class Config(ComponentConfig):
        """Sizes of the decoder."""

        channels: PositiveInt = 32
        """Features that come in."""
        hidden: PositiveInt = 64
        """Hidden units."""
        features: PositiveInt = 32
        """Features that go out, colours first."""
        lr_multiplier: PositiveFloat = 1.0
        """Learning rate of the layers, relative to the rest."""
        density_gain: PositiveFloat = 1.0
        """Factor on the density: surfaces that are learned from known depths become sharp sooner with more."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.net = nn.Sequential(
            Linear(config.channels, config.hidden, lr_multiplier=config.lr_multiplier),
            nn.Softplus(),
            Linear(config.hidden, 1 + config.features, lr_multiplier=config.lr_multiplier),
        )

    def forward(self, features: PointFeatures["B N channels"]) -> Field:
        """Return density and features of each point."""
        y = self.net(features)
        density = y[..., :1] if self.config.density_gain == 1.0 else y[..., :1] * self.config.density_gain
        return Field(density, _to_colour(y[..., 1:]))


@component("decoder.mlp")
class MLPDecoder(Component):
    """Decode plane features with a deep ReLU network that has a density head and a colour head.

    Mildenhall et al. 2020, section 3, without view directions. The colour head gives ``features`` numbers, of
    which the first three are colours in [0, 1].
    """

    class Config(ComponentConfig):
        """Sizes of the decoder."""

        channels: PositiveInt = 256
        """Features that come in."""
        hidden: PositiveInt = 256
        """Units of every hidden layer."""
        layers: PositiveInt = 8
        """Hidden layers."""
        features: PositiveInt = 32
        """Features that go out, colours first."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        widths = [config.channels] + [config.hidden] * config.layers
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.density = nn.Linear(config.hidden, 1)
        self.colour = nn.Linear(config.hidden, config.features)
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, features: PointFeatures["B N channels"]) -> Field:
        """Return density and features of each point."""
        x = features
        for layer in self.layers:
            x = F.relu(layer(x))
        return Field(self.density(x), _to_colour(self.colour(x)))
