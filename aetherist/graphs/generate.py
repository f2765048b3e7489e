"""What pictures are made of: latents of seeds, cameras where a recipe puts them, and pixels out of values."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs
import numpy as np
import torch
from torch import Tensor

from aetherist.components.cameras import Cameras, camera_from_angles, orbit, sway
from aetherist.components.cameras.pose import finite
from aetherist.core.dims import Dim
from aetherist.core.errors import did_you_mean
from aetherist.core.graph import Graph
from aetherist.core.ports import PortType
from aetherist.graphs.model import Model

PIVOT = (0.0, 0.0, 0.2)
RADIUS = 2.7
FOCAL = 4.2647

Motion = Literal["sway", "orbit"]
"""How a camera moves: in an ellipse before the face, or all the way round."""

YAW, PITCH = 0.4, 0.2
"""The greatest angles of a sway where nobody says, in radians."""

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

    def path(self, motion: Motion, frames: int, *, yaw: float | None = None, pitch: float | None = None) -> Cameras:
        """Return cameras ``(frames,)`` that loop.

        Args:
            motion: ``"sway"``, an ellipse before the face; ``"orbit"``, a full turn at one elevation.
            frames: How many.
            yaw: Radians: the greatest angle of a sway (0.4), or where an orbit begins (0).
            pitch: Radians: the greatest angle of a sway (0.2), or the elevation of an orbit (0).

        Raises:
            ValueError: If there is no such motion, or an angle is no finite number.
        """
        if motion not in get_args(Motion):
            raise ValueError(f"motion={motion!r}: write 'sway', an ellipse before the face, or 'orbit', a full turn")
        place: dict[str, Any] = {"radius": self.radius, "pivot": self.pivot, "focal": self.focal}
        usual = {"yaw": YAW, "pitch": PITCH} if motion == "sway" else {"yaw": 0.0, "pitch": 0.0}
        angles = usual | {name: value for name, value in (("yaw", yaw), ("pitch", pitch)) if value is not None}
        finite(**angles)
        if motion == "sway":
            return sway(frames, yaw=angles["yaw"], pitch=angles["pitch"], **place)
        return orbit(frames, start=angles["yaw"], elevation=angles["pitch"], **place)


def latent_of_seed(seed: int, size: int) -> Tensor:
    """Return the latent ``(1, size)`` of a seed: the one that EG3D's and StyleGAN's scripts draw for it."""
    return torch.from_numpy(np.random.RandomState(seed).randn(1, size)).float()


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
