"""Pictures as PNG files that say how they were made."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from aetherist.export.files import write_whole

METADATA_KEY = "aetherist"
"""The keyword of the PNG text chunk that holds the metadata, as JSON."""


def write_png(path: str | Path, pixels: Tensor, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a picture, whole or not at all.

    Args:
        path: Where to; its folder exists.
        pixels: ``(3, H, W)`` or ``(1, H, W)`` uint8.
        metadata: JSON-ready; kept in a text chunk under ``aetherist``.

    Raises:
        ValueError: If ``pixels`` is no such tensor.
        OSError: If the file cannot be written.
    """
    if pixels.dtype is not torch.uint8 or pixels.ndim != 3 or pixels.shape[0] not in (1, 3):
        raise ValueError(f"a picture is uint8 (3, H, W) or (1, H, W); this is {pixels.dtype} {tuple(pixels.shape)}")
    array = pixels.movedim(0, -1).contiguous().cpu().numpy()
    picture = Image.fromarray(array if array.shape[-1] == 3 else array[..., 0])
    info = PngImagePlugin.PngInfo()
    if metadata is not None:
        info.add_text(METADATA_KEY, json.dumps(metadata, sort_keys=True, separators=(",", ":")))
    buffer = io.BytesIO()
    picture.save(buffer, format="png", pnginfo=info)
    write_whole(path, buffer.getvalue())


def read_metadata(path: str | Path) -> dict[str, Any] | None:
    """Return what :func:`write_png` was told about a picture, or ``None`` if the file does not say."""
    with Image.open(path) as picture:
        text = picture.info.get(METADATA_KEY)
    return None if text is None else dict(json.loads(text))


def arrange(pictures: Sequence[Tensor], columns: int, rows: int) -> Tensor:
    """Return pictures of one size, ``(C, H, W)``, as one, row by row; cells without a picture are black.

    Raises:
        ValueError: If there are more pictures than cells.
    """
    if len(pictures) > columns * rows:
        raise ValueError(f"{len(pictures)} pictures do not fit a grid of {columns}x{rows}")
    channels, height, width = pictures[0].shape
    sheet = pictures[0].new_zeros(channels, rows * height, columns * width)
    for index, picture in enumerate(pictures):
        top, left = index // columns * height, index % columns * width
        sheet[:, top : top + height, left : left + width] = picture
    return sheet
