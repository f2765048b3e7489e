"""Pictures from seeds: what a model's generating graph shows of each seed, from each camera."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.core.dims import Dim
from aetherist.core.errors import did_you_mean
from aetherist.core.graph import Graph
from aetherist.core.ports import PortType
from aetherist.graphs.model import Model

PIVOT = (0.0, 0.0, 0.2)
RADIUS = 2.7
FOCAL = 4.2647

SUPPLIED = ("latent", "pose", "camera", "psi", "cutoff", "seeds")
"""The inputs of a graph that come from seeds, cameras and truncation."""


@attrs.frozen
class Stage:
    """Where a model's cameras stand: ``settings.camera_radius``, ``camera_pivot`` and ``camera_focal`` of its recipe.

    The defaults are those of the published face models.
    """

    radius: float = RADIUS
    pivot: tuple[float, float, float] = PIVOT
    focal: float = FOCAL

    @classmethod
    def of(cls, model: Model) -> Stage:
        """Read the stage of a model from its recipe's settings.

        Raises:
            ValueError: If a setting is no number, or the pivot no three numbers; names it.
        """
        settings = model.recipe.spec.settings

        def numbers(name: str, default: Any, count: int) -> list[float]:
            value = settings.get(name, default)
            parts = list(value) if isinstance(value, list | tuple) else [value]
            if len(parts) != count or any(isinstance(p, bool) or not isinstance(p, int | float) for p in parts):
                wanted = "a number" if count == 1 else f"a list of {count} numbers"
                raise ValueError(f"settings.{name} of {model.recipe.name} is {value!r}; it should be {wanted}")
            return [float(part) for part in parts]

        x, y, z = numbers("camera_pivot", PIVOT, 3)
        return cls(numbers("camera_radius", RADIUS, 1)[0], (x, y, z), numbers("camera_focal", FOCAL, 1)[0])

    def camera(self, yaw: float = 0.0, pitch: float = 0.0) -> Tensor:
        """Return the camera ``(25,)`` at these angles, in radians, that looks at the pivot."""
        return camera_from_angles(yaw, pitch, radius=self.radius, pivot=self.pivot, focal=self.focal)


@attrs.frozen(eq=False)
class Picture:
    """One picture and what it shows.

    Attributes:
        pixels: ``(3, H, W)`` or ``(1, H, W)`` uint8, on the CPU.
        seed: Of the latent.
        view: Which of the cameras, from 0.
        camera: Its 25 numbers, if the graph takes a camera.
        pose: The 25 numbers that the identity was conditioned on, if the graph takes them.
        scale: The values that black and white stand for, where they are not fixed.
    """

    pixels: Tensor
    seed: int
    view: int
    camera: Tensor | None
    pose: Tensor | None
    scale: tuple[float, float] | None


def latent_of_seed(seed: int, size: int) -> Tensor:
    """Return the latent ``(1, size)`` of a seed: the one that EG3D's and StyleGAN's scripts draw for it."""
    return torch.from_numpy(np.random.RandomState(seed).randn(1, size)).float()


class Generator:
    """Makes pictures with one graph of a model.

    Args:
        model: Opened, on the device to use.
        graph: With an input ``latent`` and, where it has them, ``pose``, ``camera``, ``psi``, ``cutoff``, ``seeds``.
        output: The output that is the picture.
        psi: Truncation towards the average, or what the recipe says.
        cutoff: Truncate this many style layers, or what the recipe says.

    Raises:
        ValueError: If the graph cannot be fed from seeds and cameras, or its output is no picture.
    """

    def __init__(
        self,
        model: Model,
        *,
        graph: str = "generate",
        output: str = "image",
        psi: float | None = None,
        cutoff: int | None = None,
    ) -> None:
        self.model = model
        self.plan = model.plan(graph, [output])
        self.output = output
        self.latent_dim = latent_size(self.plan.graph)
        self.type = picture_type(self.plan.graph, output)
        self.options: dict[str, Any] = {}
        for name, value, option in (("psi", psi, "truncation"), ("cutoff", cutoff, "a cutoff")):
            if value is not None:
                if not math.isfinite(value):
                    raise ValueError(f"{option} of {value}: give a finite number")
                if name not in self.plan.graph.inputs:
                    raise ValueError(f"graph '{graph}' takes no {option}: it has no input '{name}'")
                self.options[name] = value

    @property
    def takes_camera(self) -> bool:
        """Whether pictures depend on a camera."""
        return "camera" in self.plan.graph.inputs

    def pictures(
        self, seeds: Sequence[int], cameras: Sequence[Tensor], pose: Tensor, *, batch: int = 1
    ) -> Iterator[Picture]:
        """Yield a picture for each seed and each camera; all cameras of a few seeds, then the next seeds.

        What depends on the identity alone is computed once a seed. A picture does not depend on ``batch``.

        Args:
            seeds: Non-negative.
            cameras: ``(25,)`` each.
            pose: ``(25,)``: what the identity is conditioned on.
            batch: How many seeds go together.
        """
        device = self.model.device
        known = self.plan.graph.inputs
        views = list(cameras) if self.takes_camera else [None]
        for start in range(0, len(seeds), batch):
            group = seeds[start : start + batch]
            identity = dict(self.options)
            identity["latent"] = torch.cat([latent_of_seed(seed, self.latent_dim) for seed in group]).to(device)
            if "pose" in known:
                identity["pose"] = pose.expand(len(group), -1).to(device)
            if "seeds" in known:
                identity["seeds"] = torch.tensor(group, device=device)
            with torch.no_grad():
                person = self.plan.bind(**identity)
                for view, camera in enumerate(views):
                    inputs = {} if camera is None else {"camera": camera.expand(len(group), -1).to(device)}
                    for row, seed in zip(person(**inputs)[self.output].cpu(), group, strict=True):
                        if not row.isfinite().all():
                            raise ValueError(
                                f"the picture of seed {seed} has numbers that are not finite: the weights are "
                                "damaged (a training that diverged?), or an option is no number"
                            )
                        pixels, scale = to_pixels(row, self.type.meaning)
                        yield Picture(pixels, seed, view, camera, pose if "pose" in known else None, scale)


def to_pixels(values: Tensor, meaning: str | None) -> tuple[Tensor, tuple[float, float] | None]:
    """Return a picture ``(C, H, W)`` as uint8, and what its black and white stand for if that is not fixed.

    Pictures in [-1, 1] and [0, 1] are scaled by their meaning. Anything else runs from its own least value to its
    greatest; depth is white where it is near.
    """
    values = values.detach().float()
    scale = None
    if meaning is not None and meaning.startswith("image.signed"):
        shown = values * 127.5 + 127.5
    elif meaning is not None and meaning.startswith(("image.unit", "mask.alpha")):
        shown = values * 255.0
    else:
        scale = (float(values.min()), float(values.max()))
        if meaning is not None and meaning.startswith("depth"):
            scale = (scale[1], scale[0])
        span = scale[1] - scale[0]
        shown = (values - scale[0]) / (span if span else 1.0) * 255.0
    return (shown + 0.5).clamp(0, 255).to(torch.uint8), scale


def picture_type(graph: Graph, output: str) -> PortType:
    """Return the type of an output that is a picture.

    Raises:
        ValueError: If it is none.
    """
    type_ = graph.output_types[output]
    axes = type_.shape.axes
    channels = axes[1].constant if type_.kind == "tensor" and len(axes) == 4 and isinstance(axes[1], Dim) else None
    if channels not in (1, 3):
        raise ValueError(
            f"the output '{output}' of graph '{graph.name}' is no picture: it is {type_}, and a picture has the axes "
            "B C H W with 1 or 3 channels"
        )
    return type_


def latent_size(graph: Graph) -> int:
    """Return how many numbers the latent of a graph has.

    Raises:
        ValueError: If the graph takes none, or needs something that follows from no seed and no camera.
    """
    for name, given in graph.inputs.items():
        if given.required and name not in SUPPLIED:
            raise ValueError(
                f"graph '{graph.name}' needs the input '{name}' ({given.type}), which does not follow from a seed and "
                f"a camera; it can be given {', '.join(SUPPLIED)}. 'aetherist run' feeds any graph from a file"
            )
    given_latent = graph.inputs.get("latent")
    if given_latent is None:
        raise ValueError(
            f"graph '{graph.name}' has no input 'latent' to draw from a seed; {did_you_mean('latent', graph.inputs)}"
        )
    axes = given_latent.type.shape.axes
    size = axes[-1].constant if axes and isinstance(axes[-1], Dim) else None
    if len(axes) != 2 or size is None:
        raise ValueError(f"the latent of graph '{graph.name}' is {given_latent.type}; it should be B and a fixed size")
    return size
