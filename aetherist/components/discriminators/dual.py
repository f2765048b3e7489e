"""Dual discriminator: judges the final picture together with the one it was made from."""

from __future__ import annotations

from typing import ClassVar

import torch

from aetherist.components.discriminators.residual import ResidualConfig, ResidualDiscriminator
from aetherist.components.ops.resample import resize
from aetherist.components.types import Camera, Image, Logits
from aetherist.core import component


@component("discriminator.dual")
class DualDiscriminator(ResidualDiscriminator):
    """Judge whether a picture and its raw rendering are real, fit each other, and show the camera's view.

    The raw picture is resized to the final one's size and the two are read as six channels, so that super-
    resolution must stay consistent with the rendering. Chan et al. 2022, section 4.3. Rows of a batch are not
    independent: the minibatch standard deviation compares them.
    """

    class Config(ResidualConfig):
        """Sizes, conditioning and precision of the discriminator."""

        antialias: bool = True
        """Filter the raw picture where it is resized to fewer pixels."""

    image_channels: ClassVar[int] = 6

    config: Config

    def forward(
        self,
        image: Image["B 3 resolution resolution"],
        raw: Image["B 3 h w"],
        camera: Camera["B camera_dim"] | None = None,
    ) -> Logits["B 1"]:
        """Return one logit a row; above 0 means real.

        Args:
            image: Final pictures.
            raw: Pictures as rendered, of any size.
            camera: The cameras they are said to be seen from.

        Raises:
            ValueError: If the discriminator is conditioned on a camera and none is given.
        """
        both = torch.cat([image, resize(raw, self.config.resolution, self.config.antialias)], dim=1)
        return self.judge(both, camera)[0]
