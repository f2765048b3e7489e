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

from aetherist.export.files import write_whole

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


def write_avatar(avatar: Avatar, path: str | Path) -> None:
    """Write an avatar, whole or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
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
    write_whole(path, save(avatar.tensors(), metadata={KEY: facts.model_dump_json()}))


def read_avatar(path: str | Path) -> Contents:
    """Read what a file says, whatever model it belongs to.

    Raises:
        ValueError: If it is no avatar, is damaged, or is of a format that this version does not read.
        OSError: If it cannot be read.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is no avatar: it is larger than {MAX_BYTES:,} bytes")
    data = path.read_bytes()
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no avatar: it is no whole safetensors file ({error})") from None
    text = header.get("__metadata__", {}).get(KEY)
    if text is None:
        raise ValueError(f"{path} is no avatar: its metadata have no '{KEY}'")
    return Contents(_facts(text, path), tensors)


def open_avatar(path: str | Path, model: AvatarModel) -> Avatar:
    """Read an avatar of ``model``.

    Raises:
        ValueError: As :func:`read_avatar`; or if it belongs to another model, or does not fit what it says of itself.
    """
    from aetherist.avatars.avatar import Avatar

    contents = read_avatar(path)
    facts, tensors = contents.facts, contents.tensors
    if facts.model_digest != model.digest:
        raise ValueError(
            f"{path} belongs to another model: to {facts.model} with the digest {facts.model_digest}, and this is "
            f"{model.name} with the digest {model.digest}"
        )
    expected = {"base": model.style_shape, "styles": model.style_shape, "latent": (model.latent_dim,)}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if not {"base", "styles"} <= shapes.keys() or any(expected.get(name) != shape for name, shape in shapes.items()):
        raise ValueError(f"{path} is damaged: it holds {shapes}, and an avatar of {model.name} has {expected}")
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
        raise ValueError(f"{path} is damaged: its content has the digest {avatar.digest}, and it says {facts.digest}")
    return avatar


def _facts(text: str, path: Path) -> Facts:
    try:
        data: Any = json.loads(text)
        version = data.get("format") if isinstance(data, dict) else None
        if version != FORMAT:
            raise ValueError(f"{path} has format {version!r}; this version of Aetherist reads format {FORMAT}")
        return Facts.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
