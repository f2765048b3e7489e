"""Multi-view consistency: one identity, seen from two cameras, must look like one thing."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.losses.pictures import masked_mean
from aetherist.components.rendering.rays import pinhole_rays, project
from aetherist.components.types import Camera, Depth, Image, Loss, Mask
from aetherist.core import Component, ComponentConfig, component


class Consistency(NamedTuple):
    """The loss, and the share of pixels that it could compare."""

    loss: Loss[""]
    overlap: Float[Tensor, ""]


class View(NamedTuple):
    """What one camera saw: a picture ``(B, 3, R, R)``, depth and opacity ``(B, 1, R, R)``, and the camera."""

    image: Tensor
    depth: Tensor
    camera: Tensor
    alpha: Tensor | None


def look_across(view: View, other: View, tolerance: float, opacity: float) -> tuple[Tensor, Tensor]:
    """Return what ``other`` shows of the surface in each pixel of ``view``, and where that is the same surface.

    Args:
        view: The picture whose pixels are followed.
        other: The picture in which they are looked up.
        tolerance: A point farther from the other eye than what is seen there is hidden; one nearer is no surface there.
        opacity: Pixels less opaque than this, in either picture, show no surface.

    Returns:
        ``(B, 3, R, R)``, and a mask ``(B, 1, R, R)`` of 0 and 1 that has no gradient.
    """
    origins, directions = pinhole_rays(view.camera, view.depth.shape[-1])
    points = origins + view.depth[:, 0, :, :, None] * directions
    places, distance, in_front = project(other.camera, points)
    image = F.grid_sample(other.image, places, padding_mode="border", align_corners=False)
    with torch.no_grad():
        seen = F.grid_sample(other.depth, places, padding_mode="border", align_corners=False)
        same = in_front & (places.abs() <= 1).all(dim=-1) & ((distance - seen[:, 0]).abs() <= tolerance)
        mask = same[:, None]
        if view.alpha is not None:
            mask = mask & (view.alpha >= opacity)
        if other.alpha is not None:
            alpha = F.grid_sample(other.alpha, places, padding_mode="zeros", align_corners=False)
            mask = mask & (alpha >= opacity)
    return image, mask.to(image.dtype)


@component("loss.multiview_consistency")
class MultiviewConsistency(Component):
    """Make one identity look the same from two cameras, wherever both see the same surface.

    Each pixel of one view is carried along its depth into space and looked up in the other view; where the other view's
    depth says that something else is there, or nothing, the pixel is not compared. The mean absolute difference of
    colours, both ways. Depths carry gradients too: a surface that moves to where the colours agree lowers the loss.
    After Godard et al. 2017, "Unsupervised Monocular Depth Estimation with Left-Right Consistency", section 3.
    """

    class Config(ComponentConfig):
        """What counts as the same surface."""

        tolerance: PositiveFloat = 0.02
        """How far apart, in world units, two depths of one surface may be."""
        opacity: float = Field(0.5, ge=0, le=1)
        """Pixels less opaque than this show no surface; for views that bring their opacity."""

    config: Config

    def forward(
        self,
        image: Image["B 3 R R"],
        depth: Depth["B 1 R R"],
        camera: Camera["B 25"],
        other_image: Image["B 3 R R"],
        other_depth: Depth["B 1 R R"],
        other_camera: Camera["B 25"],
        alpha: Mask["B 1 R R"] | None = None,
        other_alpha: Mask["B 1 R R"] | None = None,
    ) -> Consistency:
        """Return the mean difference over the pixels that both views see, and their share of all.

        Args:
            image: Rows of one view.
            depth: Along the rays, in world units.
            camera: Where it is seen from.
            other_image: The same identities in another view.
            other_depth: Its depth.
            other_camera: Where that is seen from.
            alpha: Opacity of the one view; without it, background is compared too.
            other_alpha: Opacity of the other.
        """
        one, two = View(image, depth, camera, alpha), View(other_image, other_depth, other_camera, other_alpha)
        losses, overlaps = [], []
        for view, other in ((one, two), (two, one)):
            seen, mask = look_across(view, other, self.config.tolerance, self.config.opacity)
            losses.append(masked_mean((seen - view.image).abs().mean(dim=1, keepdim=True), mask))
            overlaps.append(mask.mean())
        return Consistency((losses[0] + losses[1]) / 2, (overlaps[0] + overlaps[1]) / 2)
