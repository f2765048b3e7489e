"""Cameras between cameras: from key to key on SE(3)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.rotations import screw, straight

Curve = Literal["segments", "spline"]
Motion = Literal["screw", "straight"]
Ease = Literal["linear", "smooth"]


def interpolate(
    cameras: Cameras,
    frames: int,
    *,
    closed: bool = False,
    curve: Curve = "segments",
    motion: Motion = "screw",
    ease: Ease = "linear",
) -> Cameras:
    """Return cameras ``(frames,)`` that go from key to key, at even times.

    The first frame is the first key. Every key is a frame where the steps between keys come out even: with K keys and
    ``frames`` = 1 + n (K - 1), or n K where closed.

    Args:
        cameras: The keys, ``(K,)``.
        frames: How many.
        closed: From the last key back to the first, so that the frames loop; otherwise they end with the last key.
        curve: As in :func:`cameras_at`.
        motion: See there.
        ease: ``linear``: evenly. ``smooth``: rests at every key.

    Raises:
        ValueError: If there is no key or no frame.
    """
    if frames < 1:
        raise ValueError(f"interpolate: {frames} frames; give 1 or more")
    keys = len(cameras)
    steps = torch.arange(frames, dtype=torch.float64)
    times = steps * keys / frames if closed else steps * (keys - 1) / max(frames - 1, 1)
    if ease == "smooth":
        part = times - times.floor()
        times = times.floor() + part * part * (3 - 2 * part)
    return cameras_at(cameras, times, closed=closed, curve=curve, motion=motion)


def cameras_at(
    cameras: Cameras, times: Tensor, *, closed: bool = False, curve: Curve = "segments", motion: Motion = "screw"
) -> Cameras:
    """Return the cameras at times of one's own, ``(N,)``: at time 0 the first key, at time 1 the second.

    Focal lengths change by even ratios, the rest of the intrinsics evenly.

    Args:
        cameras: The keys, ``(K,)``.
        times: From 0 to K - 1, or to K where closed.
        closed: The last key is followed by the first.
        curve: ``segments``: from key to key by the shortest motion, with a change of speed and direction at each.
            ``spline``: a Catmull-Rom curve through all keys, smooth at each (Barry and Goldman 1988, "A recursive
            evaluation algorithm for a class of Catmull-Rom splines", with the motion for the straight line).
        motion: ``screw``: about and along one axis; between two cameras that look at one point from the same distance,
            that distance stays. ``straight``: the position moves on a line and the rotation turns evenly (slerp).

    Raises:
        ValueError: If there is no key, or a time lies outside.
    """
    if len(cameras.shape) != 1 or not len(cameras):
        raise ValueError(f"cameras to interpolate have the shape {tuple(cameras.shape)}; give (K,), with K 1 or more")
    keys = len(cameras)
    times = times.to(cameras.pose.device, torch.float64)
    last = keys if closed else keys - 1
    if ((times < 0) | (times > last)).any():
        raise ValueError(f"times of a path of {keys} keys go from 0 to {last}, not {times.min():g} to {times.max():g}")
    index = times.floor().clamp(max=max(last - 1, 0)).long()
    path = _Path(cameras, motion, closed)
    part = times - index
    here, there = path.key(index), path.key(index + 1)
    if curve == "segments":
        between = path.move(here, there, part)
    else:
        before, after = path.key(index - 1), path.key(index + 2)
        one, two, three = (
            path.move(before, here, part + 1),
            path.move(here, there, part),
            path.move(there, after, part - 1),
        )
        between = path.move(path.move(one, two, (part + 1) / 2), path.move(two, three, part / 2), part)
    dtype = cameras.pose.dtype
    return Cameras(between.pose.to(dtype), between.intrinsics.to(dtype))


class _Path:
    """The keys of a path, and the motion between any two cameras."""

    def __init__(self, cameras: Cameras, motion: Motion, closed: bool) -> None:
        self.cameras = cameras.to(torch.float64)
        self.rule = screw if motion == "screw" else straight
        self.closed = closed

    def key(self, index: Tensor) -> Cameras:
        """Return the keys at an index; beyond the ends of an open path, the motion there goes on."""
        keys = len(self.cameras)
        if self.closed or keys == 1:
            return self.cameras[index % keys]
        inside = self.cameras[index.clamp(0, keys - 1)]
        beyond = (index.clamp(0, keys - 1) - index).abs().double()
        neighbour = self.cameras[torch.where(index < 0, 1, torch.where(index >= keys, keys - 2, index))]
        return self.move(inside, neighbour, -beyond)

    def move(self, start: Cameras, end: Cameras, time: Tensor) -> Cameras:
        """Return the cameras on the way, ``(N,)``; times may lie before 0 and after 1."""
        matrix = torch.lerp(start.intrinsics, end.intrinsics, time[:, None, None])
        first, last = (camera.intrinsics.diagonal(dim1=-2, dim2=-1) for camera in (start, end))
        zoomed = torch.diagonal_scatter(matrix, first * (last / first) ** time[:, None], dim1=-2, dim2=-1)
        return Cameras(self.rule(start.pose, end.pose, time), zoomed)
