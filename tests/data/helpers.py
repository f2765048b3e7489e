"""Small data sets, made to order for the tests."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aetherist.components.cameras import camera_from_angles


def png(value: int, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    """Return a picture whose pixels tell it from others and left from right."""
    height, width = size[1], size[0]
    ramp = np.arange(width, dtype=np.uint8)[None].repeat(height, 0) + np.uint8(value)
    pixels = np.stack([ramp, np.full_like(ramp, value), ramp.T if width == height else ramp], -1)
    picture = Image.fromarray(pixels)
    buffer = BytesIO()
    (picture if mode == "RGB" else picture.convert(mode)).save(buffer, "png")
    return buffer.getvalue()


def camera(number: int) -> list[float]:
    return [float(value) for value in camera_from_angles(0.3 * number - 1, 0.05 * number)]


def plain_set(count: int = 5) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the index and the files of a sound data set."""
    files = {f"images/{number:03d}.png": png(10 * number) for number in range(count)}
    index: dict[str, Any] = {"labels": [[name, camera(number)] for number, name in enumerate(files)]}
    return index, files


def write_set(path: Path, index: Any, files: dict[str, bytes]) -> Path:
    """Write a data set to a folder, or to a zip if the path says so."""
    everything = {**files, "dataset.json": json.dumps(index).encode()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in everything.items():
                archive.writestr(name, data)
    else:
        for name, data in everything.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    return path


def spoilt_set(path: Path, spoil: Callable[[dict[str, Any], dict[str, bytes]], Any], count: int = 5) -> Path:
    """Write a sound data set after ``spoil`` has changed its index and files."""
    index, files = plain_set(count)
    spoil(index, files)
    return write_set(path, index, files)
