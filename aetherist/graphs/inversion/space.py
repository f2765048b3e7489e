"""Where a model's styles lie: their mean, and the directions in which they vary, each in units of its deviation."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.graphs.generate import Stage, latent_size
from aetherist.graphs.model import Model

SAMPLES = 2048
"""Latents to know the styles by; at least four for each number of a style."""

_LEAST = 1e-6
"""Directions with less than this share of the greatest variance are noise."""


@attrs.frozen(eq=False)
class StyleSpace:
    """The distribution of a model's styles, as a normal one.

    Coordinates count standard deviations along the principal axes: in them the styles of seeds are about standard
    normal, so that one learning rate suits all, and their square is how unusual a person is. Compare Zhu et al. 2020,
    "Improved StyleGAN Embedding: Where are the Good Latents?".

    Attributes:
        mean: ``(L, D)``: the average person.
        axes: ``(K, D)``: principal axes, each as long as its deviation.
    """

    mean: Tensor
    axes: Tensor

    @classmethod
    def of(cls, model: Model, *, seed: int = 0, samples: int = SAMPLES) -> StyleSpace:
        """Sample the graph ``map`` of a model, conditioned on the frontal camera where it asks for one.

        Args:
            model: On the device to use.
            seed: Of the latents.
            samples: How many.

        Raises:
            ValueError: If the model has no such graph, or its styles do not vary.
        """
        plan = model.plan("map", ["styles"])
        generator = torch.Generator().manual_seed(seed)
        known = plan.graph.inputs
        found: list[Tensor] = []
        size = latent_size(plan.graph)
        frontal = Stage.of(model).camera()[None].to(model.device)
        while sum(map(len, found)) < max(samples, 4 * found[0].shape[-1] if found else 0):
            count = 256
            latent = torch.randn(count, size, generator=generator).to(model.device)
            inputs: dict[str, Any] = {"latent": latent}
            inputs |= {name: frontal.expand(count, -1) for name in ("pose", "camera") if name in known}
            if "psi" in known:
                inputs["psi"] = 1.0
            if "seeds" in known:
                inputs["seeds"] = torch.zeros(count, dtype=torch.int64, device=model.device)
            with torch.no_grad():
                found.append(plan(**inputs)["styles"].double().cpu())
        styles = torch.cat(found)
        mean = styles.mean(dim=0)
        apart = (styles - mean).mean(dim=1)
        variance, axes = torch.linalg.eigh(apart.T @ apart / (len(apart) - 1))
        kept = variance > _LEAST * variance.max()
        if not variance.max() > 0 or not variance.isfinite().all():
            raise ValueError(f"the styles of {model.recipe.name} do not vary with the latent: it shows one person only")
        # The sign of an axis is chance; fix it, so that machines agree.
        axes = axes.T[kept].flip(0)
        axes = axes * axes.gather(1, axes.abs().argmax(dim=1, keepdim=True)).sign()
        return cls(mean.float(), (axes * variance[kept].flip(0).sqrt()[:, None]).float())

    @property
    def layers(self) -> int:
        """How many layers the styles have."""
        return self.mean.shape[0]

    @property
    def size(self) -> int:
        """How many coordinates a style has."""
        return self.axes.shape[0]

    def styles(self, coordinates: Tensor) -> Tensor:
        """Return the styles ``(L, D)`` at coordinates ``(K,)``, or ``(L, K)`` for each layer; gradients pass."""
        return self.mean + coordinates @ self.axes

    def coordinates(self, styles: Tensor) -> Tensor:
        """Return the coordinates ``(L, K)`` of styles ``(L, D)``: the nearest that the axes reach."""
        return (styles - self.mean) @ (self.axes / self.axes.square().sum(dim=1, keepdim=True)).T

    def draw(self, count: int, *, seed: int, spread: float = 1.0) -> Tensor:
        """Return the coordinates ``(count, K)`` of people that were never seen."""
        generator = torch.Generator().manual_seed(seed)
        return spread * torch.randn(count, self.size, generator=generator)

    def to(self, device: torch.device) -> StyleSpace:
        """Return the same on another device."""
        return StyleSpace(self.mean.to(device), self.axes.to(device))
