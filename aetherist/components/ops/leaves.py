"""Pictures that gradients are taken with respect to: the gradient penalties judge a critic by its slope there."""

from __future__ import annotations

import torch

from aetherist.components.ops.noise import uniform
from aetherist.components.types import Image, Seeds
from aetherist.core import Component, component

_INTERPOLATION = 1001


@component("image.requires_grad")
class ImageRequiresGrad(Component):
    """Let gradients be taken with respect to a picture, as ``loss.r1`` does.

    Wire its output to the discriminator and to the penalty alike. A phase with it cannot be compiled.
    """

    def forward(self, image: Image["B 3 H W"]) -> Image["B 3 H W"]:
        """Return the picture: a view of it where it has a gradient already, a leaf that requires one where not."""
        if image.requires_grad:
            return image.view_as(image)
        return image.detach().requires_grad_()


@component("image.interpolate")
class ImageInterpolate(Component):
    """Draw a picture between a real and a generated one, and let gradients be taken with respect to it.

    One seed gives one place between the two, whatever the size of the pictures: for a dual discriminator,
    interpolate the final and the raw pictures with the same seeds. A critic that is conditioned on cameras wants both
    pictures seen from one camera. Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", section 4.
    """

    def forward(self, real: Image["B 3 H W"], fake: Image["B 3 H W"], seeds: Seeds["B"]) -> Image["B 3 H W"]:
        """Return a leaf on the line between the pictures of each row, uniformly drawn; it remembers neither."""
        place = uniform(seeds, torch.zeros(1, 1, 1, dtype=torch.int64, device=seeds.device), _INTERPOLATION, real.dtype)
        return torch.lerp(fake.detach(), real.detach(), place).requires_grad_()
