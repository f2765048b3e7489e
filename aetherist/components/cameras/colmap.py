"""Cameras as COLMAP's text files: ``cameras.txt`` holds lenses, ``images.txt`` where each picture was taken.

Poses are from the world to an OpenCV camera, a quaternion and a translation; lenses are in pixels, with the middle of
the first pixel at 0.5, 0.5. The world stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import torch

from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.convert import picture_scale
from aetherist.components.cameras.parts import colmap_pose
from aetherist.components.cameras.rotations import quaternion_from_rotation

CAMERAS = "cameras.txt"
IMAGES = "images.txt"
POINTS = "points3D.txt"

_PARAMETERS = {"SIMPLE_PINHOLE": ("f", "cx", "cy"), "PINHOLE": ("fx", "fy", "cx", "cy")}


@attrs.frozen(eq=False)
class ColmapModel:
    """The cameras of a COLMAP model.

    Attributes:
        cameras: ``(N,)``, in float64, in the order of their pictures' lines.
        names: Of the pictures.
        sizes: Width and height of each picture.
    """

    cameras: Cameras
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]


@attrs.frozen
class _Lens:
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


def read_colmap(folder: str | Path) -> ColmapModel:
    """Read ``cameras.txt`` and ``images.txt`` of a folder.

    Raises:
        ValueError: If a file is missing or a line cannot be read, or a lens distorts; names file and line.
    """
    lenses = _read_lenses(Path(folder) / CAMERAS)
    file = Path(folder) / IMAGES
    poses, matrices, names, sizes = [], [], [], []
    lines = _lines(file)
    for number, line in lines:
        if not line:
            continue
        where = f"{file}, line {number}"
        words = line.split(maxsplit=9)
        if len(words) != 10:
            raise ValueError(f"{where}: a picture has 10 entries (id, quaternion, translation, camera, name): {line!r}")
        values = torch.tensor(_numbers(words[1:8], where), dtype=torch.float64)
        lens = lenses.get(words[8])
        if lens is None:
            raise ValueError(f"{where}: {CAMERAS} has no camera {words[8]}; it has {', '.join(lenses)}")
        if values[:4].norm() < 1e-6:
            raise ValueError(f"{where}: the quaternion is zero")
        poses.append(colmap_pose(values[:4], values[4:]))
        matrix = [[lens.fx, 0.0, lens.cx], [0.0, lens.fy, lens.cy], [0.0, 0.0, 1.0]]
        pixels = torch.tensor(matrix, dtype=torch.float64)
        matrices.append(pixels / picture_scale(pixels, lens.width, lens.height))
        names.append(words[9])
        sizes.append((lens.width, lens.height))
        next(lines, None)  # The second line of a picture lists its points, and may be empty.
    if not poses:
        raise ValueError(f"{file} lists no picture")
    return ColmapModel(Cameras(torch.stack(poses), torch.stack(matrices)), tuple(names), tuple(sizes))


def write_colmap(
    folder: str | Path, cameras: Cameras, *, width: int, height: int, names: Sequence[str] | None = None
) -> None:
    """Write cameras as ``cameras.txt`` and ``images.txt``, with an empty ``points3D.txt``, into a folder.

    Cameras of one lens share it: ``SIMPLE_PINHOLE`` where its two focal lengths are one number of pixels, else
    ``PINHOLE``.

    Args:
        folder: Made if it is not there.
        cameras: ``(N,)``.
        width: Columns of the pictures.
        height: Their rows.
        names: Of the pictures; by default ``000000.png`` and so on.

    Raises:
        ValueError: If there are as many names not as cameras, or a camera has a skew, which COLMAP's have not.
    """
    listed = cameras.reshape(-1).to(torch.float64)
    names = [f"{number:06d}.png" for number in range(len(listed))] if names is None else names
    if len(names) != len(listed):
        raise ValueError(f"write_colmap: {len(names)} names for {len(listed)} cameras; give one each")
    if listed.intrinsics[:, 0, 1].abs().max() > 1e-9:
        raise ValueError("write_colmap: a camera has a skew, which COLMAP's pinholes have not")
    pixels = (listed.intrinsics * picture_scale(listed.intrinsics, width, height)).flatten(1).tolist()
    inverse = listed.world_to_camera
    quaternions, translations = quaternion_from_rotation(inverse[:, :3, :3]).tolist(), inverse[:, :3, 3].tolist()
    lenses: dict[str, int] = {}
    images = []
    for number, (row, turn, moved, name) in enumerate(zip(pixels, quaternions, translations, names, strict=True), 1):
        fx, _, cx, _, fy, cy, *_ = row
        model, values = ("SIMPLE_PINHOLE", (fx, cx, cy)) if fx == fy else ("PINHOLE", (fx, fy, cx, cy))
        lens = lenses.setdefault(f"{model} {width} {height} {_text(values)}", len(lenses) + 1)
        images.append(f"{number} {_text(turn)} {_text(moved)} {lens} {name}\n\n")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    listing = "".join(f"{number} {lens}\n" for lens, number in lenses.items())
    (place / CAMERAS).write_text(f"# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n{listing}", encoding="utf-8")
    heading = "# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n# POINTS2D[] as (X, Y, POINT3D_ID)\n"
    (place / IMAGES).write_text(heading + "".join(images), encoding="utf-8")
    (place / POINTS).write_text("# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n", encoding="utf-8")


def _read_lenses(file: Path) -> dict[str, _Lens]:
    lenses = {}
    for number, line in _lines(file):
        if not line:
            continue
        where = f"{file}, line {number}"
        key, *rest = line.split()
        model, words = (rest[0], rest[1:]) if rest else ("none", [])
        parameters = _PARAMETERS.get(model)
        if parameters is None:
            raise ValueError(
                f"{where}: a camera of model {model}; only {' and '.join(_PARAMETERS)} can be read. Undistort the "
                "pictures first ('colmap image_undistorter')"
            )
        values = _numbers(words, where)
        if len(values) != 2 + len(parameters) or min(values[:3]) <= 0:
            wanted = ", ".join(("width", "height", *parameters))
            raise ValueError(f"{where}: {model} has {wanted}, of which the sizes are positive: {line!r}")
        width, height, fx, *others = values
        fy, cx, cy = others if model == "PINHOLE" else (fx, *others)
        lenses[key] = _Lens(int(width), int(height), fx, fy, cx, cy)
    return lenses


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are no comments, with their numbers; empty ones too."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#"):
            yield number, line.strip()


def _numbers(words: Sequence[str], where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{where}: {' '.join(words)!r} should be numbers")
    return numbers


def _text(values: Sequence[float]) -> str:
    return " ".join(repr(float(value)) for value in values)
