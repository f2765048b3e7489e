"""Photographs: any file that a camera or an editor leaves behind, as the square picture that a model is held to."""

from __future__ import annotations

import warnings
from pathlib import Path

import attrs
import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

SMALLEST = 16
"""Pictures have at least so many rows and columns."""


@attrs.frozen(eq=False)
class Photo:
    """A square picture, and which part of it counts.

    Attributes:
        image: ``(3, R, R)`` in [-1, 1].
        mask: ``(1, R, R)`` in [0, 1]: 1 where the person is; ``None`` where all of the picture counts.
        notes: What was done to the file, for readers.
    """

    image: Tensor
    mask: Tensor | None = None
    notes: tuple[str, ...] = ()


def read_photo(path: str | Path, resolution: int, *, mask: str | Path | None = None) -> Photo:
    """Read a picture file as a model's pictures are: upright, square, in ``resolution`` rows and columns.

    It is turned as its EXIF data say, and cut to the square in its middle. What is transparent does not count, unless
    a mask says what does.

    Args:
        path: PNG, JPEG, WebP or anything else that Pillow reads, of any mode and size.
        resolution: Of the model's pictures.
        mask: A file of the picture's size: white where the person is, or transparent where not.

    Raises:
        ValueError: If a file is no picture, is too small or empty, or the mask has another size.
        OSError: If a file cannot be read.
    """
    path = Path(path)
    picture, turned, frames = _upright(path)
    notes = [f"{path.name} was turned as its EXIF data say"] if turned else []
    if frames > 1:
        notes.append(f"{path.name} has many pictures: the first is taken")
    colours, cover = _parts(picture)
    if mask is not None:
        cover = _mask(Path(mask), picture.size, path)
    elif cover is not None:
        notes.append(f"{path.name} is transparent in part: only what is not counts")
    side = min(picture.size)
    if side < SMALLEST:
        raise ValueError(f"{path} has {picture.width} x {picture.height} pixels; give at least {SMALLEST} each way")
    if picture.width != picture.height:
        notes.append(f"{path.name} is {picture.width} x {picture.height}: the middle {side} x {side} are taken")
    if side < resolution:
        notes.append(f"{path.name} has fewer pixels than the model's {resolution} x {resolution}: it is enlarged")
    if cover is None:
        return Photo(_sized(colours, resolution) * 2 - 1, None, tuple(notes))
    colours.putalpha(cover)  # so that what does not count is left out where pixels are averaged
    both = _sized(colours, resolution)
    seen = both[3:]
    if float(seen.mean()) < 1e-3:
        raise ValueError(
            f"{mask or path}: nothing of the middle {side} x {side} pixels counts; the mask is black there"
        )
    return Photo(torch.where(seen > 0, both[:3] * 2 - 1, 0.0), seen, tuple(notes))


def _upright(path: Path) -> tuple[Image.Image, bool, int]:
    """Return a picture as it is to be looked at, whether its EXIF data had it turned, and how many the file has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with path.open("rb") as file:
                picture = Image.open(file)
                frames = getattr(picture, "n_frames", 1)
                picture.load()
    except (UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as a picture: {error}; save it as PNG or JPEG") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{path} is damaged: {error}") from error
    turned = picture.getexif().get(0x0112, 1) not in (0, 1)
    return (ImageOps.exif_transpose(picture) if turned else picture), turned, frames


def _parts(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours of a picture, and how opaque it is where not all of it is."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(picture, dtype=np.float64)
        top = 255.0 if picture.mode == "F" and values.max(initial=0.0) <= 255.0 else 65535.0
        picture = Image.fromarray((values / top * 255.0).clip(0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("RGB"), None
    whole = picture.convert("RGBA")
    alpha = whole.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return whole.convert("RGB"), None
    return whole.convert("RGB"), alpha


def _mask(path: Path, size: tuple[int, int], photo: Path) -> Image.Image:
    picture, *_ = _upright(path)
    if picture.size != size:
        raise ValueError(
            f"the mask {path} has {picture.width} x {picture.height} pixels, and {photo} has {size[0]} x {size[1]}; "
            "give one of the same size"
        )
    colours, cover = _parts(picture)
    return colours.convert("L") if cover is None else cover


def _sized(picture: Image.Image, resolution: int) -> Tensor:
    """Return the middle square of a picture ``(C, R, R)`` in [0, 1]."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    method = Image.Resampling.LANCZOS if side < resolution else Image.Resampling.BOX
    square = picture.resize((resolution, resolution), method, box=(left, top, left + side, top + side))
    values = torch.from_numpy(np.array(square, dtype=np.float32) / 255.0)
    return values[None] if values.ndim == 2 else values.movedim(-1, 0).contiguous()
