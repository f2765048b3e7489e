"""Distances between what a network sees in two pictures: feature matching, perceptual, LPIPS, identity."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Embedding, FeatureMaps, Loss
from aetherist.core import Component, ComponentConfig, component


class LayersConfig(ComponentConfig):
    """What each layer counts."""

    weights: tuple[NonNegativeFloat, ...] | None = None
    """Weight of each feature map, in their order; 1 for each where none are given."""


def paired(
    features: list[Tensor], target: list[Tensor], weights: tuple[float, ...] | None, owner: str
) -> list[tuple[Tensor, Tensor, float]]:
    """Pair the maps of two lists with their weights.

    Raises:
        ValueError: If the lists, or the weights, are not equally many.
    """
    if len(features) != len(target):
        raise ValueError(
            f"{owner}: {len(features)} feature maps are compared with {len(target)}; let one network make both"
        )
    if weights is not None and len(weights) != len(features):
        raise ValueError(f"{owner}: {len(weights)} weights for {len(features)} feature maps; give one for each")
    return list(zip(features, target, weights or (1.0,) * len(features), strict=True))


@component("loss.feature_matching")
class FeatureMatching(Component):
    """Give generated pictures the features that the discriminator finds in real ones.

    The mean absolute difference of each map, averaged over the maps by their weights. The real side is a target: no
    gradient flows into it. Wang et al. 2018, "High-Resolution Image Synthesis", section 3.3.
    """

    class Config(LayersConfig):
        """What each layer counts."""

    config: Config

    def forward(self, real: list[FeatureMaps["B _ _ _"]], fake: list[FeatureMaps["B _ _ _"]]) -> Loss[""]:
        """Return the distance; 0 where the features are equal.

        Raises:
            ValueError: If the lists are not equally long.
        """
        pairs = paired(fake, real, self.config.weights, self.component_name)
        total = torch.stack([weight * F.l1_loss(a, b.detach()) for a, b, weight in pairs]).sum()
        return total / sum(weight for _, _, weight in pairs)


@component("loss.perceptual")
class Perceptual(Component):
    """Make two pictures look alike to a network: the distance of its features, layer by layer.

    Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", section 3.2. Wire the
    features of a frozen network such as ``embedding.vgg16_features``.
    """

    class Config(LayersConfig):
        """Distance, and what each layer counts."""

        distance: Literal["l1", "l2"] = "l1"
        """Mean absolute or mean squared difference."""

    config: Config

    def forward(self, features: list[FeatureMaps["B _ _ _"]], target: list[FeatureMaps["B _ _ _"]]) -> Loss[""]:
        """Return the weighted sum of the layers' distances; 0 where the features are equal.

        Raises:
            ValueError: If the lists are not equally long.
        """
        distance = F.l1_loss if self.config.distance == "l1" else F.mse_loss
        pairs = paired(features, target, self.config.weights, self.component_name)
        return torch.stack([weight * distance(a, b) for a, b, weight in pairs]).sum()


@component("loss.identity")
class Identity(Component):
    """Keep a face the same person: one minus the cosine between two embeddings.

    Deng et al. 2019, "ArcFace".
    """

    def forward(self, embedding: Embedding["B D"], target: Embedding["B D"]) -> Loss[""]:
        """Return the distance: 0 for vectors that point the same way, 2 for opposite ones."""
        return (1.0 - F.cosine_similarity(embedding, target, dim=1)).mean()
