"""Penalties on gradients: R1, that of the Wasserstein critic, and the length of paths through the generator.

They differentiate one input by another, so their own gradient is a second derivative. Where autograd is off, as in a
dry run, there is nothing to differentiate and they are 0.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from pydantic import Field, NonNegativeFloat
from torch import Tensor

from aetherist.components.losses.adversarial import JudgesConfig, joined
from aetherist.components.ops.noise import normal
from aetherist.components.types import Image, Logits, Loss, Seeds, Styles
from aetherist.core import Component, ComponentConfig, component

_DIRECTIONS = 1005
_TINY = 1e-12


def squared_slopes(logits: Tensor, inputs: list[Tensor], owner: str = "squared_slopes") -> Tensor:
    """Return the squared norm of each logit's gradient by its row of all inputs together: ``(B, K)``.

    Args:
        logits: ``(B, K)``, computed from ``inputs``.
        inputs: Tensors ``(B, ...)`` of any sizes.
        owner: Whom messages speak of.

    Raises:
        ValueError: If the logits do not depend on an input.
    """
    if not torch.is_grad_enabled():
        return torch.zeros_like(logits)
    for index, value in enumerate(inputs):
        if not value.requires_grad:
            raise ValueError(
                f"{owner}: input {index} requires no gradient, so the logits have no slope there; let a step that "
                "calls image.requires_grad make it, and wire that step to the discriminator and here"
            )
    slopes, reached = [], [False] * len(inputs)
    for column in logits.unbind(dim=1) if logits.requires_grad else ():
        # A judge of its own for each column: together they cost about one pass back through all.
        found = torch.autograd.grad(column.sum(), inputs, create_graph=True, allow_unused=True)
        reached = [before or g is not None for before, g in zip(reached, found, strict=True)]
        slopes.append(sum((g.flatten(1).square().sum(dim=1) for g in found if g is not None), logits.new_zeros(())))
    if not all(reached):
        raise ValueError(
            f"{owner}: the logits do not depend on input {reached.index(False)}; wire here what was judged"
        )
    return torch.stack([slope.expand(logits.shape[0]) for slope in slopes], dim=1)


@component("loss.r1")
class R1(Component):
    """Keep the discriminator flat where pictures are real: half of gamma times the squared norm of its gradient.

    With several pictures, as a dual discriminator judges, the norm is that of all together. Wire pictures that come
    from ``image.requires_grad``. Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
    section 4.1.
    """

    class Config(JudgesConfig):
        """Strength, and how several judges are joined."""

        gamma: NonNegativeFloat = 1.0
        """Strength. A phase that runs every n-th step weighs it n-fold on top."""

    config: Config

    def forward(self, logits: Logits["B K"], images: list[Float[Tensor, "B ..."]]) -> Loss[""]:
        """Return the penalty.

        Args:
            logits: What the discriminator made of the pictures.
            images: The pictures that it judged, and that require gradients.

        Raises:
            ValueError: If the logits do not depend on a picture.
        """
        slopes = squared_slopes(logits, images, self.component_name)
        return joined(slopes, self.config.judges) * (self.config.gamma / 2)


@component("loss.gradient_penalty")
class GradientPenalty(Component):
    """Hold the norm of a critic's gradient at 1 between real and generated pictures.

    Wire pictures that come from ``image.interpolate``, and what the critic makes of them. Gulrajani et al. 2017,
    "Improved Training of Wasserstein GANs", section 4; its weight there is 10.
    """

    class Config(JudgesConfig):
        """The norm that is aimed at, and how several judges are joined."""

        target: NonNegativeFloat = 1.0
        """Norm of the gradient that costs nothing."""

    config: Config

    def forward(self, logits: Logits["B K"], images: list[Float[Tensor, "B ..."]]) -> Loss[""]:
        """Return the mean squared distance of the norms from the target; arguments and errors as for ``loss.r1``."""
        norms = (squared_slopes(logits, images, self.component_name) + _TINY).sqrt()
        if not torch.is_grad_enabled():
            return torch.zeros_like(norms).sum()
        return joined((norms - self.config.target).square(), self.config.judges)


@component("loss.path_length")
class PathLength(Component):
    """Make equal steps of style move the picture equally far, whatever the style and the direction.

    The length is the norm of ``J^T y`` for a normal picture y, and is held to its own moving mean. Karras et al. 2020,
    section 3.2; its weight there is 2. The mean moves in training mode alone.
    """

    class Config(ComponentConfig):
        """How fast the mean moves."""

        decay: float = Field(0.01, ge=0, le=1)
        """Share of the moving mean that a step replaces."""

    config: Config
    mean: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, image: Image["B 3 H W"], styles: Styles["B L D"], seeds: Seeds["B"]) -> Loss[""]:
        """Return the mean squared distance of the lengths from their moving mean.

        Args:
            image: Pictures.
            styles: The styles that they were made from.
            seeds: Each draws the direction in which its picture is moved.

        Raises:
            ValueError: If the pictures do not depend on the styles.
        """
        if not torch.is_grad_enabled():
            return image.new_zeros(())
        lengths = self._lengths(image, styles, seeds)
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(lengths.detach().mean().to(self.mean.dtype), self.config.decay)
        return (lengths - self.mean.to(lengths.dtype)).square().mean()

    def _lengths(self, image: Tensor, styles: Tensor, seeds: Tensor) -> Tensor:
        size = image[0].numel()
        positions = torch.arange(size, device=image.device).reshape(image.shape[1:])
        moved = normal(seeds, positions, _DIRECTIONS, image.dtype) / math.sqrt(image.shape[2] * image.shape[3])
        along = (image * moved).sum()
        found = None
        if along.requires_grad and styles.requires_grad:
            (found,) = torch.autograd.grad(along, [styles], create_graph=True, allow_unused=True)
        if found is None:
            raise ValueError(
                f"{self.component_name}: the pictures do not depend on the styles, so there is no path between them; "
                "wire the styles that the generator made these pictures from"
            )
        return (found.square().sum(dim=2).mean(dim=1) + _TINY).sqrt()
