"""Pictures as PNG, JPEG and WebP files that say how they were made."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from aetherist.base.files import write_whole
from aetherist.export.metadata import save_options

FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""The format that each suffix of a file stands for."""

JPEG_QUALITY = 95


def format_of(path: str | Path) -> str:
    """Return the format of a picture file by its suffix: ``png``, ``jpeg`` or ``webp``.

    Raises:
        ValueError: If the suffix is none of theirs.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path}: pictures are written as {', '.join(FORMATS)}, not '{suffix}'")
    return FORMATS[suffix]


def encode_picture(
    pixels: Tensor, format: str = "png", metadata: Mapping[str, Any] | None = None, *, quality: int | None = None
) -> bytes:
    """Return a picture as the bytes of a file.

    Args:
        pixels: ``(3, H, W)`` or ``(1, H, W)`` uint8.
        format: ``png``, ``jpeg`` or ``webp``.
        metadata: JSON-ready; see :func:`aetherist.export.metadata.read_metadata`.
        quality: 1 to 100, of a JPEG (95 by default) or WebP (lossless by default).

    Raises:
        ValueError: If ``pixels`` is no such tensor, PNG is asked for a quality, or the metadata find no room.
    """
    if pixels.dtype is not torch.uint8 or pixels.ndim != 3 or pixels.shape[0] not in (1, 3):
        raise ValueError(f"a picture is uint8 (3, H, W) or (1, H, W); this is {pixels.dtype} {tuple(pixels.shape)}")
    if quality is not None and (format == "png" or not 1 <= quality <= 100):
        raise ValueError(f"a quality of {quality} for {format}: JPEG and WebP take 1 to 100, and PNG takes none")
    options: dict[str, Any] = {}
    if format == "jpeg":
        options = {"quality": quality or JPEG_QUALITY, "subsampling": 0, "optimize": True}
    elif format == "webp":
        options = {"lossless": quality is None, "quality": quality or 80, "method": 4}
    array = pixels.movedim(0, -1).contiguous().cpu().numpy()
    picture = Image.fromarray(array if array.shape[-1] == 3 else array[..., 0])
    buffer = io.BytesIO()
    picture.save(buffer, format=format, **options, **save_options(format, metadata))
    return buffer.getvalue()


def write_picture(
    path: str | Path, pixels: Tensor, metadata: Mapping[str, Any] | None = None, *, quality: int | None = None
) -> None:
    """Write a picture, whole or not at all, in the format of its suffix: ``.png``, ``.jpg``, ``.jpeg``, ``.webp``.

    The arguments are those of :func:`encode_picture`; the folder exists.

    Raises:
        ValueError: As there, or if the suffix is another.
        OSError: If the file cannot be written.
    """
    write_whole(path, encode_picture(pixels, format_of(path), metadata, quality=quality))


def decode_picture(source: str | Path | io.BytesIO) -> Tensor:
    """Return the pixels of a picture file, ``(3, H, W)`` or, of a grey one, ``(1, H, W)`` uint8."""
    with Image.open(source) as picture:
        flat = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
        data = torch.frombuffer(bytearray(flat.tobytes()), dtype=torch.uint8)
        return data.reshape(flat.height, flat.width, -1).movedim(-1, 0)


def enlarge(pixels: Tensor, scale: int) -> Tensor:
    """Return a picture ``(C, H, W)`` with each pixel ``scale`` times in each direction."""
    return pixels if scale == 1 else pixels.repeat_interleave(scale, dim=-1).repeat_interleave(scale, dim=-2)


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
