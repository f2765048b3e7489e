"""What a file says of how it was made: JSON in a PNG text chunk, in EXIF of JPEG and WebP, in a comment of videos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

KEY = "aetherist"
"""The keyword of the PNG text chunk, and the one key of the JSON elsewhere."""

VIDEO_SUFFIXES = (".mp4", ".webm")

_EXIF = int(ExifTags.IFD.Exif)
_COMMENT = int(ExifTags.Base.UserComment)
_ASCII = b"ASCII\0\0\0"
_MOST = 65_000
"""Bytes of EXIF that a JPEG has room for."""


def save_options(format: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what Pillow is to be told when it saves ``metadata`` in a picture of a format: png, jpeg or webp.

    Raises:
        ValueError: If a JPEG or WebP has no room for it.
    """
    if format == "png":
        info = PngImagePlugin.PngInfo()
        if metadata is not None:
            info.add_text(KEY, _text(metadata))
        return {"pnginfo": info}
    if metadata is None:
        return {}
    exif = Image.Exif()
    exif.get_ifd(_EXIF)[_COMMENT] = _ASCII + commented(metadata).encode("ascii")
    data = exif.tobytes()
    if len(data) > _MOST:
        raise ValueError(
            f"metadata of {len(data):,} bytes: a {format} holds {_MOST:,}; write png, or leave metadata out"
        )
    return {"exif": data}


def commented(metadata: Mapping[str, Any]) -> str:
    """Return metadata as the text of a comment that others may write too."""
    return _text({KEY: metadata})


def read_metadata(path: str | Path) -> dict[str, Any] | None:
    """Return what a picture or video of ours was told of how it was made, or ``None`` if the file does not say.

    Raises:
        OSError: If the file cannot be read, or is no picture or video.
    """
    if Path(path).suffix.lower() in VIDEO_SUFFIXES:
        return _of_comment(_video_comment(path))
    with Image.open(path) as picture:
        text = picture.info.get(KEY)
        if isinstance(text, str):
            return _parsed(text)
        comment = picture.getexif().get_ifd(_EXIF).get(_COMMENT)
    if isinstance(comment, bytes):
        return _of_comment(comment.removeprefix(_ASCII).decode("utf-8", "replace"))
    return None


def _video_comment(path: str | Path) -> str | None:
    from aetherist.export.video import opened

    with opened(path) as container:
        tags = {name.lower(): text for name, text in container.metadata.items()}
    return tags.get("comment")


def _of_comment(text: str | None) -> dict[str, Any] | None:
    told = None if text is None else _parsed(text)
    inner = None if told is None else told.get(KEY)
    return inner if isinstance(inner, dict) else None


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a JSON object, or ``None`` for the comments of other programs."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _text(metadata: Mapping[str, Any]) -> str:
    return json.dumps(metadata, sort_keys=True, separators=(",", ":"))
