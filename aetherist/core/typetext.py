"""Port types as recipes write them: ``Camera``, ``Image[B 3 512 512]``, ``float``, ``int | None``."""

from __future__ import annotations

import re
from typing import Any

import attrs

from aetherist.core.dims import parse_shape
from aetherist.core.errors import RegistryError, did_you_mean
from aetherist.core.ports import DTYPES, VALUE_TYPES, PortType, read_annotation
from aetherist.core.registry import Registry

_TYPE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*) ?(?:\[ ?([\"']?)([^\[\]\"']*)\2 ?\])? ?(\| ?None)?")


def parse_type(text: str, registry: Registry) -> PortType:
    """Read a type.

    Raises:
        ValueError: If it does not read as a type, or its shape does not.
        RegistryError: If no type has the name.
    """
    match = _TYPE.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError(f"'{text}' is no type: write Camera, Image[B 3 512 512], float, or int | None")
    name, _, shape, nullable = match.groups()
    return attrs.evolve(_named(name, shape, registry), nullable=nullable is not None)


def _named(name: str, shape: str | None, registry: Registry) -> PortType:
    if name in VALUE_TYPES:
        if shape is not None:
            raise ValueError(f"'{name}' is a plain value and has no shape")
        return read_annotation(VALUE_TYPES[name])
    if shape is not None:
        parse_shape(shape)
    if name in DTYPES:
        if shape is None:
            raise ValueError(f"'{name}' needs a shape: {name}[B C H W]")
        return read_annotation(DTYPES[name][Any, shape])
    try:
        return registry.get_type(name).type(shape)
    except RegistryError:
        known = [*VALUE_TYPES, *DTYPES, *(port.name for port in registry.types())]
        raise RegistryError(f"no type is called '{name}'; {did_you_mean(name, known)}") from None
