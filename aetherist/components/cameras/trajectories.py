"""Trajectories: cameras that follow each other, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.pose import FOCAL, PIVOT, RADIUS


def orbit(
    frames: int,
    *,
    radius: float = RADIUS,
    pivot: Sequence[float] = PIVOT,
    elevation: float = 0.0,
    focal: float = FOCAL,
    closed: bool = True,
    start: float = 0.0,
    turns: float = 1.0,
) -> Cameras:
    """Return cameras ``(frames,)`` on a circle around the origin's vertical axis that look at ``pivot``.

    Args:
        frames: How many.
        radius: Distance from the origin, in world units.
        pivot: What they look at.
        elevation: Pitch of them all, in radians.
        focal: Focal length in image widths.
        closed: The last camera stands one step before the end, so that the frames loop; otherwise at the end.
        start: Yaw of the first, in radians; 0 is in front.
        turns: How far round they go; negative turns go the other way.
    """
    yaw = start + 2 * math.pi * turns * _progress(frames, closed)
    return Cameras.from_angles(yaw, elevation, radius=radius, pivot=pivot, focal=focal).to(torch.float32)


def sway(
    frames: int,
    *,
    yaw: float = 0.4,
    pitch: float = 0.2,
    radius: float = RADIUS,
    pivot: Sequence[float] = PIVOT,
    focal: float = FOCAL,
) -> Cameras:
    """Return cameras ``(frames,)`` on a closed ellipse around the frontal view.

    Args:
        frames: How many.
        yaw: Greatest angle to either side, radians.
        pitch: Greatest angle up and down, radians.
        radius: As in :func:`orbit`, like the rest.
        pivot: See there.
        focal: See there.
    """
    turn = 2 * math.pi * _progress(frames, closed=True)
    aside, above = yaw * turn.sin(), pitch * turn.cos()
    return Cameras.from_angles(aside, above, radius=radius, pivot=pivot, focal=focal).to(torch.float32)


def _progress(frames: int, closed: bool) -> Tensor:
    """Return how far along each frame is, ``(frames,)`` from 0; the last is at 1 unless the path is closed."""
    if frames < 1:
        raise ValueError(f"a trajectory of {frames} frames: give 1 or more")
    return torch.arange(frames, dtype=torch.float64) / (frames if closed else max(frames - 1, 1))
