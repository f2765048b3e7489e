"""Trajectories: cameras that follow each other, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.pose import FOCAL, PIVOT, RADIUS, finite, rigid
from aetherist.components.cameras.rotations import exp_rotation


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
    finite(start=start, elevation=elevation)
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
    finite(yaw=yaw, pitch=pitch)
    turn = 2 * math.pi * _progress(frames, closed=True)
    aside, above = yaw * turn.sin(), pitch * turn.cos()
    return Cameras.from_angles(aside, above, radius=radius, pivot=pivot, focal=focal).to(torch.float32)


def dolly(camera: Cameras, frames: int, distance: float, *, hold: float | None = None, closed: bool = False) -> Cameras:
    """Return cameras ``(frames,)`` that start from one and move along its view.

    Args:
        camera: A single one: where it starts.
        frames: How many.
        distance: How far forward, in world units; a negative one is backward.
        hold: The distance of a thing that keeps its size in the picture while the camera moves, as the lens zooms
            against the motion; without it the lens stays.
        closed: There and back, so that the frames loop; otherwise one way.

    Raises:
        ValueError: If the camera moves up to or past what it holds.
    """
    moved = distance * _way(frames, closed).to(camera.pose)
    cameras = _repeat(camera, frames)
    position = camera.position + moved[:, None] * camera.forward
    matrix = cameras.intrinsics
    if hold is not None:
        if hold <= max(distance, 0.0):
            raise ValueError(f"dolly: it moves {distance:g} forward and cannot hold what is {hold:g} away; move less")
        zoom = (hold - moved) / hold
        matrix = matrix * torch.stack([zoom, zoom, torch.ones_like(zoom)], dim=-1)[:, :, None]
        matrix = torch.cat([matrix[..., :2], cameras.intrinsics[..., 2:]], dim=-1)
    return Cameras(rigid(cameras.rotation, position), matrix)


def pan(camera: Cameras, frames: int, angle: float, *, tilt: float = 0.0, closed: bool = False) -> Cameras:
    """Return cameras ``(frames,)`` that start from one and turn where they stand.

    Args:
        camera: A single one: where it starts.
        frames: How many.
        angle: How far to the right, in radians, about the world's vertical.
        tilt: How far up, in radians, about the camera's own horizontal.
        closed: There and back, so that the frames loop; otherwise one way.
    """
    way = _way(frames, closed).to(camera.pose)[:, None]
    aside = exp_rotation(-angle * way * torch.tensor([0.0, 1.0, 0.0]).to(camera.pose))
    above = exp_rotation(tilt * way * torch.tensor([1.0, 0.0, 0.0]).to(camera.pose))
    cameras = _repeat(camera, frames)
    return Cameras(rigid(aside @ camera.rotation @ above, cameras.position), cameras.intrinsics)


def truck(camera: Cameras, frames: int, right: float, *, up: float = 0.0, closed: bool = False) -> Cameras:
    """Return cameras ``(frames,)`` that start from one and move across its view without turning.

    Args:
        camera: A single one: where it starts.
        frames: How many.
        right: How far to the right, in world units.
        up: How far up, in world units.
        closed: There and back, so that the frames loop; otherwise one way.
    """
    way = _way(frames, closed).to(camera.pose)[:, None]
    cameras = _repeat(camera, frames)
    position = camera.position + way * (right * camera.right + up * camera.up)
    return Cameras(rigid(cameras.rotation, position), cameras.intrinsics)


def _repeat(camera: Cameras, frames: int) -> Cameras:
    if camera.shape:
        raise ValueError(f"a motion starts from a single camera, not from a batch of {tuple(camera.shape)}; index it")
    return Cameras(camera.pose.expand(frames, 4, 4), camera.intrinsics.expand(frames, 3, 3))


def _way(frames: int, closed: bool) -> Tensor:
    """Return how far along each frame is from 0 to 1, ``(frames,)``; and back again if the path is closed."""
    progress = _progress(frames, closed)
    return (1 - torch.cos(2 * math.pi * progress)) / 2 if closed else progress


def _progress(frames: int, closed: bool) -> Tensor:
    """Return how far along each frame is, ``(frames,)`` from 0; the last is at 1 unless the path is closed."""
    if frames < 1:
        raise ValueError(f"a trajectory of {frames} frames: give 1 or more")
    return torch.arange(frames, dtype=torch.float64) / (frames if closed else max(frames - 1, 1))
