"""How like a model's picture is to a photograph."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.losses import LPIPS, Identity
from aetherist.components.losses.pictures import masked_mean
from aetherist.core import Component
from aetherist.graphs.evaluation.networks import PERCEPTUAL, embedder, perceptual
from aetherist.graphs.evaluation.report import UnavailableError
from aetherist.graphs.inversion.photo import Photo

IDENTITY = "mobileface"
"""The network of the identity term; another one than evaluations look with."""


@attrs.frozen
class Weights:
    """What each term counts; 0 leaves it out.

    Attributes:
        pixels: The mean absolute difference inside the mask, pictures in [-1, 1].
        perceptual: LPIPS (Zhang et al. 2018), of the weights that are in the cache.
        identity: One minus the cosine of face embeddings; of whole pictures, not of raw ones.
        silhouette: The mean absolute difference of opacity and mask, where there is a mask.
        usual: The mean square of a person's coordinates: how unusual it is. See ``StyleSpace``.
        agreement: The mean square of what sets the layers of one person apart, in the same units.
    """

    pixels: float = 1.0
    perceptual: float = 0.5
    identity: float = 0.1
    silhouette: float = 0.2
    usual: float = 0.005
    agreement: float = 0.02


class Objective:
    """A photograph, and the distance to it.

    Terms whose networks are not in the cache are left out.

    Args:
        photo: At the model's resolution.
        weights: Of the terms.
        device: Where to compute.

    Attributes:
        left_out: Why terms are left out, and how to get them: a line each.
        labels: What the networks of the others are.
    """

    def __init__(self, photo: Photo, weights: Weights, device: torch.device) -> None:
        self.weights = weights
        self.image = photo.image[None].to(device)
        self.mask = None if photo.mask is None else photo.mask[None].to(device)
        self.left_out: tuple[str, ...] = ()
        self.labels: tuple[str, ...] = ()
        self._look: Component | None = None
        self._distance: LPIPS | None = None
        self._face: Component | None = None
        self._targets: dict[int, _Target] = {}
        if weights.perceptual:
            try:
                self._look, self._distance = perceptual(PERCEPTUAL, device)
                self.labels += (f"perceptual: {self._distance.label}, on features of {PERCEPTUAL}",)
            except UnavailableError as error:
                self.left_out += (f"perceptual: {error.reason}; to get it: {error.fix}",)
        if weights.identity:
            try:
                network = embedder(IDENTITY, device)
                self._face = network.network
                self.labels += (f"identity: {network.label}",)
            except UnavailableError as error:
                self.left_out += (f"identity: {error.reason}; to get it: {error.fix}",)

    def __call__(self, shown: Mapping[str, Tensor], *, whole: bool) -> dict[str, Tensor]:
        """Return the weighted terms, a number each; what is to be minimised is their sum.

        Args:
            shown: ``image`` and ``raw`` ``(1, 3, H, W)`` in [-1, 1], as far as they are looked at; ``alpha``.
            whole: Whether ``image`` is there, and networks look at it; otherwise they look at ``raw``.
        """
        weights = self.weights
        pictures = [shown[name] for name in ("image", "raw") if name in shown]
        apart = [self._apart(picture) for picture in pictures]
        terms = {"pixels": weights.pixels * torch.stack(apart).mean()}
        main = shown["image"] if whole else pictures[-1]
        target = self._target(main.shape[-1])
        if self._look is not None and self._distance is not None:
            seen = self._look(target.within(main))
            terms["perceptual"] = weights.perceptual * self._distance(seen, self._features(target))
        if self._face is not None and whole:
            same = Identity.create()(self._face(target.within(main)), self._embedding(target))
            terms["identity"] = weights.identity * same
        if self.mask is not None and "alpha" in shown and weights.silhouette:
            alpha = shown["alpha"]
            wanted = self._target(alpha.shape[-1]).mask
            assert wanted is not None
            terms["silhouette"] = weights.silhouette * F.l1_loss(alpha, wanted)
        return terms

    def _apart(self, picture: Tensor) -> Tensor:
        target = self._target(picture.shape[-1])
        difference = (picture - target.image).abs()
        return masked_mean(difference, None if target.mask is None else target.mask.expand_as(difference))

    def _target(self, size: int) -> _Target:
        if size not in self._targets:
            if self.mask is None:
                self._targets[size] = _Target(_resized(self.image, size), None)
            else:
                mask = _resized(self.mask, size)
                # What does not count is not to shine into the pixels beside it.
                image = _resized(self.image * self.mask, size) / mask.clamp(min=1e-3)
                self._targets[size] = _Target(image, mask)
        return self._targets[size]

    @torch.no_grad()
    def _features(self, target: _Target) -> list[Tensor]:
        if target.features is None:
            assert self._look is not None
            target.features = self._look(target.within(target.image))
        return target.features

    @torch.no_grad()
    def _embedding(self, target: _Target) -> Tensor:
        if target.embedding is None:
            assert self._face is not None
            target.embedding = self._face(target.within(target.image))
        return target.embedding


@attrs.define(eq=False)
class _Target:
    """The photograph at one size, and what networks see in it."""

    image: Tensor
    mask: Tensor | None
    features: list[Tensor] | None = None
    embedding: Tensor | None = None

    def within(self, picture: Tensor) -> Tensor:
        """Return a picture as networks are to see it: grey where nothing counts."""
        return picture if self.mask is None else picture * self.mask


def numbers(terms: Mapping[str, Tensor]) -> dict[str, float]:
    """Return terms as numbers.

    Raises:
        ValueError: If one is not finite.
    """
    values = {name: float(term.detach()) for name, term in terms.items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
        raise ValueError(
            f"the loss is not finite ({', '.join(wrong)}): take a smaller learning rate, or see whether the model's "
            "weights are damaged: aetherist render shows its people"
        )
    return values


def _resized(values: Tensor, size: int) -> Tensor:
    if values.shape[-1] == size:
        return values
    return F.interpolate(values, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
