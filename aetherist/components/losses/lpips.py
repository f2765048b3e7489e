"""LPIPS: a perceptual distance calibrated on human judgements."""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import PositiveInt
from torch import Tensor

from aetherist.components.embeddings.frozen import FrozenConfig, FrozenNetwork
from aetherist.components.losses.features import paired
from aetherist.components.types import FeatureMaps, Loss
from aetherist.core import NameOrPath, component, operation

_TINY = 1e-10


@component("loss.lpips")
class LPIPS(FrozenNetwork):
    """Compare pictures as people do: squared differences of unit features, weighted channel by channel.

    Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", section 3. The
    channels' weights are the buffers ``head0``, ``head1``, ...; those that come by name are the published ones. The
    distance is the published one where the features are too: see the label of the network that makes them.
    """

    class Config(FrozenConfig):
        """Which heads, for which layers."""

        weights: NameOrPath | None = "lpips-vgg"
        """A name from ``aetherist weights list``, or the path of a file; nothing for equal weights."""

        channels: tuple[PositiveInt, ...] = (64, 128, 256, 512, 512)
        """Channels of each feature map; those of VGG16 by default."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        for index, channels in enumerate(config.channels):
            self.register_buffer(f"head{index}", torch.full((channels,), 1.0 / channels))
        self.freeze()

    def forward(self, features: list[FeatureMaps["B _ _ _"]], target: list[FeatureMaps["B _ _ _"]]) -> Loss[""]:
        """Return the mean distance of the rows; 0 where the features point the same way everywhere.

        Raises:
            ValueError: If there are not as many maps on both sides as heads.
        """
        distances: Tensor = self.distances(features, target)
        return distances.mean()

    @operation
    def distances(
        self, features: list[FeatureMaps["B _ _ _"]], target: list[FeatureMaps["B _ _ _"]]
    ) -> Float[Tensor, "B"]:
        """Return the distance of each row."""
        pairs = paired(features, target, (1.0,) * len(self.config.channels), self.component_name)
        total: Tensor = features[0].new_zeros(features[0].shape[0])
        for index, (a, b, _) in enumerate(pairs):
            head: Tensor = self.get_buffer(f"head{index}").to(a.dtype)
            apart = (_unit(a) - _unit(b)).square()
            total = total + torch.einsum("bchw,c->bhw", apart, head).mean(dim=(1, 2))
        return total


def _unit(features: Tensor) -> Tensor:
    """Scale the feature vector of every pixel to length 1; one of length 0 stays, and its gradient is finite."""
    return features * (features.square().sum(dim=1, keepdim=True) + _TINY).rsqrt()
