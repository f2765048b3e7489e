"""Avatars as files: safetensors, with what else is to know in the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import save
from torch import Tensor

from aetherist.core.described import called, parsed_facts, read_described

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
    text, tensors = read_described(source, KEY, "is no avatar", MAX_BYTES)
    return Contents(parsed_facts(text, called(source), Facts, FORMAT), tensors)


def open_avatar(source: str | Path | bytes, model: AvatarModel) -> Avatar:
    """Read an avatar of ``model``.

    Raises:
        ValueError: As :func:`read_avatar`; or if it belongs to another model, or does not fit what it says of itself.
    """
    from aetherist.avatars.avatar import Avatar

    contents = read_avatar(source)
    facts, tensors, name = contents.facts, contents.tensors, called(source)
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
