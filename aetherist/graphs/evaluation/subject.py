"""Who is evaluated: anything that shows the people of latents from cameras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from aetherist.graphs.generate import Stage, latent_size
from aetherist.graphs.model import Model
from aetherist.graphs.viewer import Viewer

SHOWN = ("image", "depth", "alpha")
"""The outputs of a graph that are looked at."""


class Subject(Protocol):
    """What an evaluation asks of a model."""

    @property
    def latent_dim(self) -> int:
        """How many numbers a latent has."""
        ...

    @property
    def conditioned(self) -> bool:
        """Whether people depend on the pose that they are conditioned on."""
        ...

    @property
    def outputs(self) -> frozenset[str]:
        """Which of ``image``, ``depth`` and ``alpha`` it shows."""
        ...

    @property
    def resolution(self) -> int:
        """Rows and columns of its pictures."""
        ...

    @property
    def frontal(self) -> Tensor:
        """The camera straight before the face, ``(25,)``."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it wants its inputs."""
        ...

    def show(self, latents: Tensor, cameras: Tensor, poses: Tensor | None = None) -> Mapping[str, Tensor]:
        """Return what a batch looks like.

        Args:
            latents: ``(B, latent_dim)``.
            cameras: ``(B, 25)``.
            poses: What people are conditioned on, ``(B, 25)``; the frontal pose by default.

        Returns:
            ``image`` ``(B, 3, H, W)`` in [-1, 1]; where it has them ``depth`` and ``alpha``, ``(B, 1, h, w)``.
        """
        ...


class ModelSubject:
    """A model, seen through the graph that makes pictures of latents.

    Args:
        model: On the device to use.
        graph: With an output ``image``, and ``depth`` and ``alpha`` for what needs them.
        psi: Truncation, or what the recipe says.

    Raises:
        ValueError: If the graph cannot be fed from latents and cameras.
    """

    def __init__(self, model: Model, *, graph: str = "generate", psi: float | None = None) -> None:
        viewer = Viewer(model, graph=graph, psi=psi)
        if not viewer.takes_camera:
            raise ValueError(
                f"graph '{graph}' of {model.recipe.name} takes no camera; every measure here looks at people from the "
                "cameras of the data"
            )
        self.outputs = frozenset(model.report.graphs[graph].outputs) & set(SHOWN)
        self.latent_dim = latent_size(viewer.plan.graph)
        self.frontal = Stage.of(model).camera()
        self.device = model.device
        self._plan = model.plan(graph, [name for name in SHOWN if name in self.outputs])
        self._known = self._plan.graph.inputs
        self._options = viewer.options
        poses = torch.stack([self.frontal, Stage.of(model).camera(yaw=0.5)])
        image = self.show(torch.ones(2, self.latent_dim), self.frontal.expand(2, -1), poses)["image"]
        self.resolution = image.shape[-1]
        self.conditioned = not torch.equal(image[0], image[1])

    @torch.no_grad()
    def show(self, latents: Tensor, cameras: Tensor, poses: Tensor | None = None) -> Mapping[str, Tensor]:
        """Return what a batch looks like; see :class:`Subject`.

        Raises:
            ValueError: If the pictures have numbers that are not finite.
        """
        poses = self.frontal.expand(len(latents), -1) if poses is None else poses
        given: dict[str, Any] = {"latent": latents, "camera": cameras, "pose": poses}
        given["seeds"] = torch.arange(len(latents))
        inputs = {name: value.to(self.device) for name, value in given.items() if name in self._known}
        shown: Mapping[str, Tensor] = self._plan(**inputs, **self._options)
        for name in self.outputs:
            if not shown[name].isfinite().all():
                raise ValueError(f"the model's {name} has numbers that are not finite: the weights are damaged")
        return {name: shown[name].float() for name in self.outputs}
