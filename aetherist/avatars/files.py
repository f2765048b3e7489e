"""Avatars as files: safetensors, with what else is to know in the metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

if TYPE_CHECKING:
    from aetherist.avatars.avatar import Avatar
    from aetherist.avatars.model import AvatarModel

FORMAT = 1
KEY = "aetherist.avatar"
MAX_BYTES = 64_000_000


class Facts(BaseModel):
    """What a file says of its avatar, beside the tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    model: str
    model_digest: str
    digest: str
    edits: dict[str, float | dict[str, float]] = Field(default_factory=dict)
    seed: int | None = None
    psi: float = 1.0
    cutoff: int | None = None


@attrs.frozen(eq=False)
class Contents:
    """What is in a file."""

    facts: Facts
    tensors: dict[str, Tensor]


def avatar_bytes(avatar: Avatar) -> bytes:
    """Return the file of an avatar."""
    facts = Facts(
        format=FORMAT,
        model=avatar.model.name,
        model_digest=avatar.model.digest,
        digest=avatar.digest,
        edits=avatar.edits,
        seed=avatar.seed,
        psi=avatar.psi,
        cutoff=avatar.cutoff,
    )
    return save(avatar.tensors(), metadata={KEY: facts.model_dump_json()})


def read_avatar(source: str | Path | bytes) -> Contents:
    """Read what a file says, whatever model it belongs to.

    Args:
        source: The path of the file, or what is in it.

    Raises:
        ValueError: If it is no avatar, is damaged, or is of a format that this version does not read.
        OSError: If it cannot be read.
    """
    name = _called(source)
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{name} is no avatar: it is larger than {MAX_BYTES:,} bytes")
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no avatar: it is no whole safetensors file ({error})") from None
    text = header.get("__metadata__", {}).get(KEY)
    if text is None:
        raise ValueError(f"{name} is no avatar: its metadata have no '{KEY}'")
    return Contents(_facts(text, name), tensors)


def open_avatar(source: str | Path | bytes, model: AvatarModel) -> Avatar:
    """Read an avatar of ``model``.

    Raises:
        ValueError: As :func:`read_avatar`; or if it belongs to another model, or does not fit what it says of itself.
    """
    from aetherist.avatars.avatar import Avatar

    contents = read_avatar(source)
    facts, tensors, name = contents.facts, contents.tensors, _called(source)
    if facts.model_digest != model.digest:
        raise ValueError(
            f"{name} belongs to another model: to {facts.model} with the digest {facts.model_digest}, and this is "
            f"{model.name} with the digest {model.digest}"
        )
    expected = {"base": model.style_shape, "styles": model.style_shape, "latent": (model.latent_dim,)}
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if not {"base", "styles"} <= shapes.keys() or any(expected.get(key) != shape for key, shape in shapes.items()):
        raise ValueError(f"{name} is damaged: it holds {shapes}, and an avatar of {model.name} has {expected}")
    avatar = Avatar(
        model,
        tensors["base"],
        styles=tensors["styles"],
        edits=facts.edits,
        seed=facts.seed,
        latent=tensors.get("latent"),
        psi=facts.psi,
        cutoff=facts.cutoff,
    )
    if avatar.digest != facts.digest:
        raise ValueError(f"{name} is damaged: its content has the digest {avatar.digest}, and it says {facts.digest}")
    return avatar


def _called(source: str | Path | bytes) -> str:
    return "what was given" if isinstance(source, bytes) else str(source)


def _facts(text: str, name: str) -> Facts:
    try:
        data: Any = json.loads(text)
        version = data.get("format") if isinstance(data, dict) else None
        if version != FORMAT:
            raise ValueError(f"{name} has format {version!r}; this version of Aetherist reads format {FORMAT}")
        return Facts.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{name} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{name} is damaged: {error}") from None
