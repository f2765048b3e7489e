"""Files of tensors that say what they are: safetensors, with one entry of JSON in the metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

Facts = TypeVar("Facts", bound=BaseModel)


def read_described(source: str | Path | bytes, key: str, none: str, limit: int) -> tuple[str, dict[str, Tensor]]:
    """Return what a file says of itself under ``key``, and its tensors.

    Args:
        source: The path of the file, or what is in it.
        key: Of the entry.
        none: What to say of a file that has none, after its name: ``is no avatar``.
        limit: Greatest size in bytes.

    Raises:
        ValueError: If the file is too large, is no whole safetensors file, or has no such entry.
        OSError: If it cannot be read.
    """
    name = called(source)
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    if size > limit:
        raise ValueError(f"{name} {none}: it is larger than {limit:,} bytes")
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} {none}: it is no whole safetensors file ({error})") from None
    text = header.get("__metadata__", {}).get(key)
    if text is None:
        raise ValueError(f"{name} {none}: its metadata have no '{key}'")
    return text, tensors


def parsed_facts(text: str, name: str, kind: type[Facts], format: int) -> Facts:
    """Return the facts of an entry, which holds its ``format``.

    Raises:
        ValueError: If it is of another format, or damaged.
    """
    try:
        data: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{name} is damaged: {error}") from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != format:
        raise ValueError(f"{name} has format {version!r}; this version of Aetherist reads format {format}")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{name} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def called(source: str | Path | bytes) -> str:
    """Return what to call a file in messages."""
    return "what was given" if isinstance(source, bytes) else str(source)
