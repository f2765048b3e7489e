"""Edits, mixtures and truncation of styles as components, for recipes to wire."""

from __future__ import annotations

from typing import Self

import torch
from jaxtyping import Float
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from aetherist.components.styles.directions import DirectionSet
from aetherist.components.styles.mixing import slerp
from aetherist.components.types import Latent, Styles
from aetherist.core import Component, ComponentConfig, NameOrPath, component


@component("styles.edit")
class EditStyles(Component):
    """Move styles along the directions of a set, each as far as is asked for.

    The steps are part of the weights: a model folder holds them, and needs the file of the set no more.
    """

    class Config(ComponentConfig):
        """Which directions."""

        axes: tuple[str, ...] = Field(("age",), min_length=1)
        """Names of directions, in the order of the strengths: ``[age, ethnicity.asian]``."""
        strengths: tuple[float, ...] = ()
        """Strengths where none are given; 0 each if left out."""
        directions: NameOrPath | None = None
        """The file of the set; nothing where the steps come with the weights."""
        model_digest: str | None = None
        """Digest of the model that the set must belong to; nothing to take any set of the right sizes."""
        style_dim: PositiveInt = 512
        """Width of a style vector."""
        style_layers: PositiveInt = 14
        """How many style vectors there are."""

        @property
        def count(self) -> int:
            """How many directions."""
            return len(self.axes)

        @model_validator(mode="after")
        def _one_each(self) -> Self:
            if self.strengths and len(self.strengths) != len(self.axes):
                raise ValueError(f"{len(self.strengths)} strengths for {len(self.axes)} axes: give as many, or none")
            return self

    config: Config
    steps: Tensor
    usual: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.register_buffer("steps", torch.zeros(config.count, config.style_layers, config.style_dim))
        usual = torch.tensor(config.strengths or [0.0] * config.count)
        self.register_buffer("usual", usual, persistent=False)
        if config.directions is not None and not isinstance(self.steps, FakeTensor):
            self.take(DirectionSet.load(config.directions))

    @torch.no_grad()
    def take(self, directions: DirectionSet) -> None:
        """Take the steps from a set.

        Raises:
            ValueError: If it lacks an axis, has other sizes, or belongs to another model than the one configured.
        """
        config = self.config
        if config.model_digest is not None:
            directions.require(config.model_digest, "the model that 'styles.edit' is configured for")
        steps = torch.stack([directions[name].shift(config.style_layers) for name in config.axes])
        if steps.shape != self.steps.shape:
            raise ValueError(
                f"styles.edit: the directions have {steps.shape[-1]} numbers a layer, and style_dim is "
                f"{config.style_dim}"
            )
        self.steps.copy_(steps)

    def forward(
        self, styles: Styles["B style_layers style_dim"], strengths: Float[Tensor, "B count"] | None = None
    ) -> Styles["B style_layers style_dim"]:
        """Return the styles as edited.

        Args:
            styles: To edit.
            strengths: How far along each of ``axes``; 1 is one step.
        """
        given = self.usual.to(styles.dtype).expand(styles.shape[0], -1) if strengths is None else strengths
        return styles + (given[:, :, None, None] * self.steps.to(styles.dtype)).sum(dim=1)


@component("styles.mix")
class MixStyles(Component):
    """Mix the styles of two people: between them in all layers, or some layers of one and the rest of the other."""

    class Config(ComponentConfig):
        """Which layers."""

        layers: tuple[int, ...] | None = None
        """The layers that are mixed, from 0; all by default. The first ones shape, the last ones colour."""
        style_layers: PositiveInt = 14
        """How many style vectors there are."""

        @model_validator(mode="after")
        def _there(self) -> Self:
            strange = [layer for layer in self.layers or () if not 0 <= layer < self.style_layers]
            if strange:
                raise ValueError(f"there is no layer {strange[0]}: the styles have {self.style_layers}, from 0")
            return self

    config: Config
    mixed: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        layers = range(config.style_layers) if config.layers is None else config.layers
        mixed = torch.tensor([float(layer in layers) for layer in range(config.style_layers)])
        self.register_buffer("mixed", mixed[:, None], persistent=False)

    def forward(
        self, first: Styles["B style_layers D"], second: Styles["B style_layers D"], amount: float = 0.5
    ) -> Styles["B style_layers D"]:
        """Return what lies between.

        Args:
            first: Where amount is 0, and in the layers that are not mixed.
            second: Where it is 1.
            amount: How much of the second.
        """
        return torch.lerp(first, second, self.mixed.to(first.dtype) * amount)


@component("styles.truncate")
class TruncateStyles(Component):
    """Draw styles towards an average."""

    def forward(
        self, styles: Styles["B L D"], average: Styles["B L D"], psi: float = 1.0, cutoff: int | None = None
    ) -> Styles["B L D"]:
        """Return truncated styles.

        Args:
            styles: To truncate.
            average: What is left where psi is 0.
            psi: How much of the difference is kept.
            cutoff: Truncate so many layers, from the first; all by default.
        """
        truncated = torch.lerp(average, styles, psi)
        if cutoff is None:
            return truncated
        return torch.cat([truncated[:, :cutoff], styles[:, cutoff:]], dim=1)


@component("latent.slerp")
class SlerpLatents(Component):
    """Find latents on the arc between two: straight lines between them lead through unlikely ones."""

    def forward(self, first: Latent["B N"], second: Latent["B N"], amount: float = 0.5) -> Latent["B N"]:
        """Return the first where amount is 0 and the second where it is 1."""
        return slerp(first, second, amount)
