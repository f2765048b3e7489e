"""Multi-scale discriminator: judges a picture at several sizes."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from pydantic import model_validator
from torch import nn

from aetherist.components.discriminators.residual import ResidualConfig
from aetherist.components.discriminators.single import SingleDiscriminator
from aetherist.components.ops.resample import resize
from aetherist.components.types import Camera, FeatureMaps, Image, Logits
from aetherist.core import Component, PowerOfTwo, component


class Judgement(NamedTuple):
    """A logit a scale, and what the judges saw on the way."""

    logits: Logits["B scale_count"]
    features: list[FeatureMaps["B _ _ _"]]


@component("discriminator.multiscale")
class MultiScaleDiscriminator(Component):
    """Judge a picture at several sizes, each with a discriminator of its own, and show what they looked at.

    A coarse judge sees the head as a whole, a fine one its texture; their features serve feature matching.
    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.2. Rows of a batch are not independent: the minibatch standard deviation compares them.
    """

    class Config(ResidualConfig):
        """The scales, and what the discriminators of all of them share."""

        scales: tuple[PowerOfTwo, ...] = (1, 2, 4, 8)
        """By how much the picture is made smaller for each judge."""
        antialias: bool = True
        """Filter the picture where it is made smaller."""

        @property
        def scale_count(self) -> int:
            """How many judges there are."""
            return len(self.scales)

        @model_validator(mode="after")
        def _sizes_are_judged(self) -> Self:
            if not self.scales:
                raise ValueError("scales is empty; give one at least, such as [1, 2, 4, 8]")
            small = [scale for scale in self.scales if self.resolution // scale < 8]
            if small:
                raise ValueError(
                    f"scale {small[0]} of a picture of {self.resolution} leaves {self.resolution // small[0]} pixels; "
                    f"a judge needs 8: leave out scales above {max(self.resolution // 8, 1)}"
                )
            return self

        def at(self, scale: int) -> SingleDiscriminator.Config:
            """Return the config of the judge of a scale."""
            shared = {name: getattr(self, name) for name in ResidualConfig.model_fields}
            return SingleDiscriminator.Config(**{**shared, "resolution": self.resolution // scale})

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.judges = nn.ModuleList(SingleDiscriminator(config.at(scale)) for scale in config.scales)

    def forward(
        self, image: Image["B 3 resolution resolution"], camera: Camera["B camera_dim"] | None = None
    ) -> Judgement:
        """Return one logit a row and scale, above 0 for real, and the feature maps scale by scale.

        Args:
            image: Pictures.
            camera: The cameras they are said to be seen from.

        Returns:
            ``logits`` ``(B, scales)``; ``features``, the output of every block of every scale, in the order of
            the scales and from the highest resolution down.

        Raises:
            ValueError: If the discriminator is conditioned on a camera and none is given.
        """
        logits, features = [], []
        for judge in self.judges:
            assert isinstance(judge, SingleDiscriminator)
            scaled = resize(image, judge.config.resolution, self.config.antialias)
            logit, seen = judge.judge(scaled, camera)
            logits.append(logit)
            features += seen
        return Judgement(torch.cat(logits, dim=1), features)
