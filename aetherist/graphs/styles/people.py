"""The people of a model: the styles of latents, and the digest that says whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from aetherist.core.plan import Plan
from aetherist.core.weights import model_digest
from aetherist.graphs.generate import Stage, latent_of_seed, latent_size
from aetherist.graphs.model import Model

Tell = Callable[[str], None]
"""Takes lines that say how far it is."""

_ROWS = 256


def silent(line: str) -> None:
    """Say nothing."""
    del line


def digest_of(model: Model) -> str:
    """Return the digest of a model: what the manifest of its folder says, or would say."""
    if model.manifest is not None:
        return model.manifest.digest
    return model_digest(model.recipe, model.components)


class People:
    """Makes the styles of latents with the graph ``map`` of a model, and pictures of styles with ``show``.

    People are conditioned on the frontal camera, and seen from it.

    Args:
        model: On the device to use.

    Raises:
        ValueError: If a graph is missing, or needs what follows from no latent and no camera.
    """

    def __init__(self, model: Model) -> None:
        for graph in ("map", "show"):
            if graph not in model.report.graphs:
                raise ValueError(
                    f"{model.recipe.name} has no graph '{graph}'; style directions need 'map' (latent to styles) and "
                    "'show' (styles and camera to a picture), as in the recipe eg3d-ffhq512"
                )
        self.model = model
        self.frontal = Stage.of(model).camera()
        self._map = model.plan("map", ["styles"])
        self._show = model.plan("show", ["image"])
        self.latent_dim = latent_size(self._map.graph)

    def latents(self, seeds: list[int]) -> Tensor:
        """Return the latents of seeds, ``(N, latent_dim)``."""
        return torch.cat([latent_of_seed(seed, self.latent_dim) for seed in seeds])

    @torch.no_grad()
    def styles(self, latents: Tensor) -> Tensor:
        """Return the styles of latents ``(N, latent_dim)``, untruncated: ``(N, L, D)``, on the CPU."""
        found = []
        for rows in torch.split(latents, _ROWS):
            inputs = {"latent": rows} | self._common(self._map, len(rows))
            if "psi" in self._map.graph.inputs:
                inputs["psi"] = 1.0
            found.append(self._map(**inputs)["styles"].float().cpu())
        return torch.cat(found)

    @torch.no_grad()
    def pictures(self, styles: Tensor, camera: Tensor | None = None) -> Tensor:
        """Return pictures of styles ``(B, L, D)`` from before the face, or from a camera: ``(B, 3, H, W)`` in [-1, 1].

        Raises:
            ValueError: If they have numbers that are not finite.
        """
        inputs = {"styles": styles.to(self.model.device)} | self._common(self._show, len(styles), camera)
        images: Tensor = self._show(**inputs)["image"].float()
        if not images.isfinite().all():
            raise ValueError("the model's pictures have numbers that are not finite: the weights are damaged")
        return images.clamp(-1, 1)

    def seen(self, styles: Tensor, batch: int) -> Iterator[Tensor]:
        """Yield pictures of styles ``(N, L, D)``, a batch at a time."""
        return (self.pictures(rows) for rows in torch.split(styles, batch))

    def _common(self, plan: Plan, count: int, camera: Tensor | None = None) -> dict[str, Any]:
        device = self.model.device
        camera = self.frontal if camera is None else camera
        inputs: dict[str, Any] = {
            name: camera.to(device).expand(count, -1) for name in ("pose", "camera") if name in plan.graph.inputs
        }
        if "seeds" in plan.graph.inputs:
            inputs["seeds"] = torch.zeros(count, dtype=torch.int64, device=device)
        return inputs


def flattened(styles: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return styles ``(N, L, D)`` as vectors, and the shape of one: ``(N, D)`` where all layers are alike."""
    if bool((styles == styles[:, :1]).all()):
        return styles[:, 0].double(), (styles.shape[-1],)
    return styles.flatten(1).double(), tuple(styles.shape[1:])
