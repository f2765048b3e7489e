"""What stands beside a picture: its depth, or which way its surfaces face."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.rendering import normals_from_depth
from aetherist.graphs.generate import Stage

Pane = Literal["depth", "normal"]


def pane_of(
    kind: Pane, depth: Tensor, alpha: Tensor | None, camera: Tensor, stage: Stage, size: tuple[int, int]
) -> Tensor:
    """Return a pane as uint8 ``(3, H, W)``; what is not there is black.

    Depth is white where it is near, black where it is far, and grey where the camera's pivot is: the span is as deep
    as the picture is wide there. So it depends on the camera alone, and does not flicker in a video. Normals are
    coloured as is usual: red to the right, green up, blue towards the camera.

    Args:
        kind: ``depth`` or ``normal``.
        depth: ``(1, h, w)``, along the rays, in world units.
        alpha: ``(1, h, w)`` opacity; ``None`` where everything is opaque.
        camera: ``(25,)``.
        stage: Of the model.
        size: Rows and columns of the pane; its values are interpolated.
    """
    opacity = torch.ones_like(depth) if alpha is None else alpha.clamp(0, 1)
    if kind == "depth":
        shown = _nearness(depth, camera, stage).expand(3, -1, -1)
        return _bytes(_resized(shown * opacity, size))
    normals = _resized(normals_from_depth(depth[None], camera[None])[0], size)
    upright = F.normalize(normals, dim=0) * normals.new_tensor([1.0, -1.0, -1.0])[:, None, None]
    return _bytes((upright * 0.5 + 0.5) * _resized(opacity, size))


def _nearness(depth: Tensor, camera: Tensor, stage: Stage) -> Tensor:
    pivot = camera.new_tensor(stage.pivot)
    distance = (camera[[3, 7, 11]] - pivot).norm()
    half = 0.5 * stage.radius / stage.focal
    nearness: Tensor = (distance + half - depth) / (2 * half)
    return nearness.clamp(0, 1)


def _resized(values: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values[None], size, mode="bilinear", align_corners=False)[0]


def _bytes(values: Tensor) -> Tensor:
    return (values * 255 + 0.5).clamp(0, 255).to(torch.uint8)
