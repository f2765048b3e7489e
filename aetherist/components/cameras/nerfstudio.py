"""Camera paths as nerfstudio's viewer writes them and its renderer reads them.

Its cameras are OpenGL's, in a world with z up, with square pixels and the principal point in the middle; ``fov`` is
the angle from top to bottom, in degrees.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from aetherist.base.files import write_whole
from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.convert import flip_y_and_z, y_up, z_up
from aetherist.components.cameras.pose import focal_from_fov, fov_from_focal
from aetherist.components.cameravalues import pose_fault


def save_nerfstudio(
    file: str | Path, cameras: Cameras, *, width: int = 512, height: int = 512, fps: float = 24.0, closed: bool = False
) -> None:
    """Write cameras as a camera path that nerfstudio renders; the arguments are those of :func:`to_nerfstudio`."""
    path = to_nerfstudio(cameras, width=width, height=height, fps=fps, closed=closed)
    write_whole(file, (json.dumps(path, indent=2) + "\n").encode())


def to_nerfstudio(
    cameras: Cameras, *, width: int = 512, height: int = 512, fps: float = 24.0, closed: bool = False
) -> dict[str, Any]:
    """Return cameras as nerfstudio's camera path, in a world with z up whose -y is our z.

    Args:
        cameras: One frame each.
        width: Columns of the rendered picture.
        height: Its rows.
        fps: Frames a second.
        closed: The frames loop.

    Raises:
        ValueError: If nerfstudio's cameras cannot be these: a skew, a principal point off the middle, or pixels that
            are not square.
    """
    listed = cameras.reshape(-1).to(torch.float64)
    matrix, shape = listed.intrinsics, width / height
    center = (matrix[:, :2, 2] - 0.5).abs().max()
    if max(float(center), float(matrix[:, 0, 1].abs().max())) > 1e-6:
        raise ValueError("nerfstudio's cameras have their principal point in the middle and no skew; these have not")
    if not torch.allclose(matrix[:, 0, 0] * shape, matrix[:, 1, 1], rtol=1e-6, atol=0):
        raise ValueError(
            f"in a picture of {width}x{height} the pixels of these cameras are not square, as nerfstudio's are; "
            "give the width and height that the intrinsics are for"
        )
    poses = z_up(flip_y_and_z(listed.pose)).flatten(1).tolist()
    angles = fov_from_focal(matrix[:, 1, 1]).tolist()
    return {
        "camera_type": "perspective",
        "render_width": width,
        "render_height": height,
        "fps": fps,
        "seconds": len(poses) / fps,
        "is_cycle": closed,
        "keyframes": [],
        "camera_path": [
            {"camera_to_world": pose, "fov": fov, "aspect": shape} for pose, fov in zip(poses, angles, strict=True)
        ],
    }


def from_nerfstudio(path: Mapping[str, Any]) -> Cameras:
    """Return the cameras ``(N,)`` of nerfstudio's camera path, in float64, in a world with y up.

    Where the picture is not square its intrinsics are normalised by width and height each;
    :meth:`Cameras.squared` makes them fit for a square one.

    Raises:
        ValueError: If the path has no frame, a lens other than a perspective one, or a number is missing.
    """
    lens = path.get("camera_type", "perspective")
    if lens != "perspective":
        raise ValueError(f"nerfstudio's camera type is {lens!r}; only 'perspective' can be read")
    frames, keys = path.get("camera_path"), path.get("keyframes")
    if not isinstance(frames, list) or not frames:
        count = len(keys) if isinstance(keys, list) else 0
        cure = "save the path again, with its frames" if count else "add cameras to it in the viewer, and save it"
        raise ValueError(f"camera_path: nerfstudio's path has no frames, and {count} keyframes; {cure}")
    size = [path.get(name) for name in ("render_width", "render_height")]
    shape = _number(size[0], "render_width") / _number(size[1], "render_height") if None not in size else None
    return Cameras.stack([_frame(frame, shape, f"camera_path.{number}") for number, frame in enumerate(frames)])


def _frame(frame: Any, shape: float | None, where: str) -> Cameras:
    if not isinstance(frame, Mapping):
        raise ValueError(f"{where} is {frame!r}; it should be an object with camera_to_world and fov")
    given = frame.get("camera_to_world")
    if not isinstance(given, list) or len(given) != 16:
        raise ValueError(f"{where}.camera_to_world: it should be a list of 16 numbers")
    numbers = [_number(value, f"{where}.camera_to_world", positive=False) for value in given]
    pose = y_up(flip_y_and_z(torch.tensor(numbers, dtype=torch.float64).reshape(4, 4)))
    if (wrong := pose_fault(pose)) is not None:
        raise ValueError(f"{where}.camera_to_world: {wrong}")
    aspect = shape if shape is not None else _number(frame.get("aspect", 1.0), f"{where}.aspect")
    angle = _number(frame.get("fov"), f"{where}.fov")
    try:
        focal = focal_from_fov(angle)
    except ValueError as error:
        raise ValueError(f"{where}.fov: {error}") from error
    matrix = [[focal / aspect, 0.0, 0.5], [0.0, focal, 0.5], [0.0, 0.0, 1.0]]
    return Cameras(pose, torch.tensor(matrix, dtype=torch.float64))


def _number(value: Any, where: str, *, positive: bool = True) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not known or (positive and value <= 0):
        raise ValueError(f"{where}: it should be a {'positive ' if positive else ''}number, not {value!r}")
    return float(value)
