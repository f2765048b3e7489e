"""Surfaces that cameras see: how large a head is, and whether two cameras see one surface in one place."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.rendering.rays import pinhole_rays, project

OPAQUE = 0.5
"""Pixels at least so opaque show a surface."""

HIDDEN = 5.0
"""A point farther behind what the other camera sees than this, in % of head size, counts as hidden from it."""


class View(NamedTuple):
    """What one camera saw: a picture ``(B, 3, R, R)``, depth and opacity ``(B, 1, R, R)``, and the camera."""

    image: Tensor
    depth: Tensor
    alpha: Tensor
    camera: Tensor

    @property
    def mask(self) -> Tensor:
        """Where a surface is seen, ``(B, 1, R, R)``."""
        return self.alpha >= OPAQUE


class Crossing(NamedTuple):
    """What became of the surface that one camera sees when the other looks for it.

    Attributes:
        error: Distance along the other's ray, in world units, mean of each row, ``(B,)``; not finite where nothing is
            seen by both.
        colour: Difference of the colours, 0 to 1, mean of each row, ``(B,)``.
        shared: Share of the surface that both see, ``(B,)``.
    """

    error: Tensor
    colour: Tensor
    shared: Tensor


def directions(cameras: Tensor) -> Tensor:
    """Return the unit vectors from what cameras ``(N, 25)`` look at towards them, ``(N, 3)``."""
    return -F.normalize(cameras[:, [2, 6, 10]].double(), dim=1)


def yaw_of(cameras: Tensor) -> Tensor:
    """Return the yaw of cameras ``(N, 25)`` in degrees, ``(N,)``: 0 before the face, positive towards +x."""
    x, _, z = directions(cameras).unbind(dim=1)
    return torch.rad2deg(torch.atan2(x, z))


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Return the angles between unit vectors ``(..., 3)`` in degrees."""
    apart = torch.atan2(torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(dim=-1))
    return torch.rad2deg(apart)


def reduced(view: View, resolution: int) -> View:
    """Return a view with fewer pixels, by area; depth is averaged over the surface alone."""
    if view.depth.shape[-1] == resolution == view.image.shape[-1] == view.alpha.shape[-1]:
        return view
    solid = view.mask.to(view.depth.dtype)
    if solid.shape[-1] != view.depth.shape[-1]:
        solid = F.adaptive_avg_pool2d(solid, view.depth.shape[-1]).ge(OPAQUE).to(view.depth.dtype)
    covered = F.adaptive_avg_pool2d(solid, resolution)
    depth = F.adaptive_avg_pool2d(view.depth * solid, resolution) / covered.clamp(min=1e-6)
    image = F.adaptive_avg_pool2d(view.image, resolution)
    return View(image, depth, F.adaptive_avg_pool2d(view.alpha, resolution) * (covered > 0), view.camera)


def head_size(view: View) -> Tensor:
    """Return the size of each head, ``(B,)``, in world units.

    The root of the area that its mask covers, taken to be at the median depth of what it covers: about the height from
    chin to crown where the picture shows a head and its neck. Where nothing is covered it is not a number.
    """
    mask = view.mask
    distance = torch.where(mask, view.depth, torch.nan).flatten(1).double().nanmedian(dim=1).values
    share = mask.flatten(1).double().mean(dim=1)
    focal = (view.camera[:, 16] * view.camera[:, 20]).double().sqrt()
    return share.sqrt() * distance / focal


def cross(view: View, other: View, size: Tensor) -> Crossing:
    """Carry the surface that one camera sees into the other's picture and compare.

    A pixel is unprojected by its depth and looked up in the other view, whose depth there says where the surface is. A
    point behind that by more than 5% of the head is hidden from the other camera, and not compared; so are points
    outside its picture or where it does not see a surface all around.

    Args:
        view: The one; all pictures of one resolution.
        other: The other, of the same people.
        size: Of the heads, ``(B,)``.
    """
    origins, rays = pinhole_rays(view.camera, view.depth.shape[-1])
    points = origins + view.depth[:, 0, :, :, None] * rays
    places, distance, in_front = project(other.camera, points)
    solid = other.mask.to(view.depth.dtype)
    # Beside the edge of a surface, depth would be mixed with that of what is behind.
    whole = _at(solid, places)[:, 0] > 0.999
    behind = distance - _at(other.depth, places)[:, 0]
    seen = view.mask[:, 0]
    found = seen & in_front & whole & (places.abs() <= 1).all(dim=-1)
    found &= behind <= (HIDDEN / 100 * size.to(behind)).view(-1, 1, 1)
    colour = (_at(other.image, places) - view.image).abs().mean(dim=1) / 2
    count = found.sum(dim=(1, 2))
    share = count / seen.sum(dim=(1, 2)).clamp(min=1)
    means = [(each.double() * found).sum(dim=(1, 2)) / count for each in (behind.abs(), colour)]
    return Crossing(means[0], means[1], share.double())


def _at(values: Tensor, places: Tensor) -> Tensor:
    return F.grid_sample(values, places, padding_mode="border", align_corners=False)
