"""Pictures of a data set: a contact sheet, and where the cameras stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _FAINT, _DOT = (250, 250, 248), (40, 40, 44), (205, 205, 208), (32, 96, 168)
_SIDE, _MARGIN = 360, 44


def contact_sheet(pictures: Sequence[Image.Image], side: int, columns: int = 8) -> Image.Image:
    """Return pictures of one size laid out in rows."""
    rows = max(1, -(-len(pictures) // columns))
    sheet = Image.new("RGB", (columns * side, rows * side), _PAPER)
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * side, number // columns * side))
    return sheet


def pose_picture(cameras: NDArray[np.float64]) -> Image.Image:
    """Return where cameras ``(N, 25)`` stand: seen from above, and as yaw against pitch, in degrees."""
    canvas = Image.new("RGB", (2 * _SIDE + 3 * _MARGIN, _SIDE + 2 * _MARGIN), _PAPER)
    draw = ImageDraw.Draw(canvas)
    position = cameras[:, [3, 7, 11]]
    _from_above(draw, (_MARGIN, _MARGIN), position)
    _angles(draw, (2 * _MARGIN + _SIDE, _MARGIN), position)
    return canvas


def _from_above(draw: ImageDraw.ImageDraw, corner: tuple[int, int], position: NDArray[np.float64]) -> None:
    left, top = corner
    reach = 1.15 * max(float(np.abs(position[:, [0, 2]]).max(initial=0)), 1e-6)
    draw.rectangle((left, top, left + _SIDE, top + _SIDE), outline=_INK)
    middle = _SIDE / 2
    ring = float(np.median(np.linalg.norm(position, axis=1))) / reach * middle if len(position) else 0.0
    draw.ellipse((left + middle - ring, top + middle - ring, left + middle + ring, top + middle + ring), outline=_FAINT)
    draw.line((left + middle, top, left + middle, top + _SIDE), fill=_FAINT)
    draw.line((left, top + middle, left + _SIDE, top + middle), fill=_FAINT)
    for x, _, z in position:
        # The face looks down the page, along +z.
        _dot(draw, left + middle * (1 + x / reach), top + middle * (1 + z / reach))
    _text(draw, (left, top - 22), f"from above: x to the right, z down; {reach / 1.15:.2f} at the furthest")
    _text(draw, (left, top + _SIDE + 8), f"{len(position)} cameras")


def _angles(draw: ImageDraw.ImageDraw, corner: tuple[int, int], position: NDArray[np.float64]) -> None:
    left, top = corner
    draw.rectangle((left, top, left + _SIDE, top + _SIDE), outline=_INK)
    for share, turn in ((0.0, -180), (0.25, -90), (0.5, 0), (0.75, 90), (1.0, 180)):
        x = left + share * _SIDE
        draw.line((x, top, x, top + _SIDE), fill=_FAINT)
        _text(draw, (x - 12, top + _SIDE + 8), str(turn))
    for share, tilt in ((0.0, 90), (0.5, 0), (1.0, -90)):
        y = top + share * _SIDE
        draw.line((left, y, left + _SIDE, y), fill=_FAINT)
        _text(draw, (left - 26, y - 6), str(tilt))
    yaw = np.degrees(np.arctan2(position[:, 0], position[:, 2]))
    pitch = np.degrees(np.arctan2(position[:, 1], np.hypot(position[:, 0], position[:, 2])))
    for a, b in zip(yaw, pitch, strict=True):
        _dot(draw, left + (a / 360 + 0.5) * _SIDE, top + (0.5 - b / 180) * _SIDE)
    spread = f"; spread {yaw.std():.0f} and {pitch.std():.0f}" if len(yaw) else ""
    _text(draw, (left, top - 22), f"yaw (across) and pitch, in degrees{spread}")


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    draw.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=_DOT)


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str) -> None:
    draw.text(place, text, fill=_INK, font=ImageFont.load_default(12))
