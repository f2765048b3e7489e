"""Single discriminator: judges one picture."""

from __future__ import annotations

from aetherist.components.discriminators.residual import ResidualConfig, ResidualDiscriminator
from aetherist.components.types import Camera, Image, Logits
from aetherist.core import component


@component("discriminator.single")
class SingleDiscriminator(ResidualDiscriminator):
    """Judge whether a picture is real and shows the camera's view.

    The residual discriminator of StyleGAN2, Karras et al. 2020, section 4.2. Rows of a batch are not
    independent: the minibatch standard deviation compares them.
    """

    class Config(ResidualConfig):
        """Sizes, conditioning and precision of the discriminator."""

    config: Config

    def forward(
        self, image: Image["B 3 resolution resolution"], camera: Camera["B camera_dim"] | None = None
    ) -> Logits["B 1"]:
        """Return one logit a row; above 0 means real.

        Args:
            image: Pictures.
            camera: The cameras they are said to be seen from.

        Raises:
            ValueError: If the discriminator is conditioned on a camera and none is given.
        """
        return self.judge(image, camera)[0]
