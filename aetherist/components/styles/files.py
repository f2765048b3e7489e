"""Direction sets as files: safetensors, with what else is to know in the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import save
from torch import Tensor

from aetherist.base.files import write_whole
from aetherist.components.styles.directions import Direction, DirectionSet
from aetherist.core.described import parsed_facts, read_described

FORMAT = 1
KEY = "aetherist.directions"
MAX_BYTES = 256_000_000


class _Axis(BaseModel):
    """What a file says of one direction, beside its vector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: float
    unit: str = ""
    step: float | None = None
    layers: tuple[int, ...] | None = None
    range: tuple[float, float] | None = None
    quality: dict[str, float] = Field(default_factory=dict)


class _Facts(BaseModel):
    """What a file says of its directions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    model: str
    model_digest: str
    directions: dict[str, _Axis]
    about: dict[str, Any] = Field(default_factory=dict)


def write_directions(directions: DirectionSet, path: str | Path) -> None:
    """Write a set of directions, whole or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    axes = {
        each.name: _Axis(
            scale=each.scale,
            unit=each.unit,
            step=each.step,
            layers=each.layers,
            range=each.range,
            quality=dict(each.quality),
        )
        for each in directions.directions
    }
    facts = _Facts(
        format=FORMAT,
        model=directions.model,
        model_digest=directions.model_digest,
        directions=axes,
        about=dict(directions.about),
    )
    tensors = {each.name: each.vector.contiguous() for each in directions.directions}
    data = save(tensors, metadata={KEY: facts.model_dump_json()})
    write_whole(path, data)


def read_directions(path: str | Path) -> DirectionSet:
    """Read a set of directions, whatever model it belongs to.

    Raises:
        ValueError: If the file is no set of directions, is damaged, or of a format that this version does not read.
        OSError: If it cannot be read.
    """
    text, tensors = read_described(path, KEY, "holds no directions", MAX_BYTES)
    facts = parsed_facts(text, str(path), _Facts, FORMAT)
    if facts.directions.keys() != tensors.keys():
        raise ValueError(f"{path} is damaged: it describes {sorted(facts.directions)} and holds {sorted(tensors)}")
    try:
        axes = [_direction(name, tensors[name], axis) for name, axis in facts.directions.items()]
        return DirectionSet(axes, facts.model_digest, facts.model, facts.about)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _direction(name: str, vector: Tensor, axis: _Axis) -> Direction:
    return Direction(name, vector, **{field: getattr(axis, field) for field in _Axis.model_fields})
