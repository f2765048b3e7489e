"""Colours of a surface, from the field that it is the surface of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from aetherist.export.lattice import QUERY, Density

Colour = Callable[[Tensor], Tensor]
"""Points ``(N, 3)`` in world units to colours in [0, 1], sRGB, ``(N, 3)``; further channels are left aside."""

BEFORE, REACH = 0.04, 0.16
"""How far before a surface a look at it begins, and how far behind it ends, in world units."""
LOOKS = 24
"""Samples along it."""


@torch.no_grad()
def colours_at(points: NDArray[np.float32], colour: Colour, *, device: str | torch.device = "cpu") -> NDArray[np.uint8]:
    """Return the colours of points ``(N, 3)`` as uint8."""
    found = [colour(part.to(device))[:, :3].float().cpu() for part in torch.split(torch.from_numpy(points), QUERY)]
    return _bytes(torch.cat(found))


@torch.no_grad()
def colours_seen(
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
    colour: Colour,
    density: Density,
    *,
    shift: float | None = None,
    device: str | torch.device = "cpu",
) -> NDArray[np.uint8]:
    """Return what is seen of points on a surface by who looks straight at them, ``(N, 3)`` uint8.

    A rendered colour is a mean along the ray, weighted by how much light each place sends back (Max 1995): where a
    surface is soft, the colour of the one place where it crosses a level is not the colour that is seen.

    Args:
        points: ``(N, 3)``, in world units.
        normals: ``(N, 3)``, unit, outwards.
        colour: Of points.
        density: Of points.
        shift: Given where ``density`` is before its softplus: what the renderer adds to it.
        device: Where both want their points.
    """
    step = (BEFORE + REACH) / LOOKS
    along = BEFORE - (torch.arange(LOOKS) + 0.5) * step
    found = []
    for place, normal in zip(
        *(torch.split(torch.from_numpy(values), QUERY // LOOKS) for values in (points, normals)), strict=True
    ):
        samples = (place[:, None] + along[:, None] * normal[:, None]).reshape(-1, 3).to(device)
        values = density(samples).float().reshape(-1, LOOKS)
        sigma = values.clamp(min=0) if shift is None else F.softplus(values + shift)
        passed = torch.exp(-step * F.pad(sigma, (1, 0)).cumsum(dim=1))
        weights = passed[:, :-1] - passed[:, 1:]
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)
        colours = colour(samples)[:, :3].float().reshape(-1, LOOKS, 3)
        found.append((weights[..., None] * colours).sum(dim=1).cpu())
    return _bytes(torch.cat(found))


def _bytes(colours: Tensor) -> NDArray[np.uint8]:
    return (colours * 255.0 + 0.5).clamp(0, 255).to(torch.uint8).numpy()
