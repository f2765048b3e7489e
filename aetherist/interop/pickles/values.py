"""What a pickle becomes here: plain values, and these inert ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from aetherist.interop.pickles.errors import PickleError, printable

ITEM_SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
"""Bytes an element, by dtype; the dtypes that checkpoints hold."""

MAX_DIMENSIONS = 16


@runtime_checkable
class Buildable(Protocol):
    """A value that takes its state after it was made, as pickles do it."""

    def build(self, state: object) -> None:
        """Take the state."""


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the file mentions, as a token: it was compared with a list, never looked up or imported."""

    module: str
    name: str

    @property
    def qualified(self) -> str:
        """Module and name, joined by a dot."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Record:
    """An object of the file: the name of its class, and its attributes. It can do nothing."""

    class_name: str
    state: dict[object, object] = field(default_factory=dict)

    def build(self, state: object) -> None:
        """Take over the attributes."""
        if not isinstance(state, dict):
            raise PickleError(f"the state of {printable(self.class_name)} is {kind(state)}, and should be a mapping")
        self.state.update(state)

    def __repr__(self) -> str:
        return f"Record({printable(self.class_name)}, {len(self.state)} attributes)"


@dataclass(slots=True, eq=False)
class Storage:
    """A flat run of numbers in the file, little-endian; `data` is a view of the file."""

    dtype: str
    count: int
    data: memoryview | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * ITEM_SIZES[self.dtype]

    def fill(self, data: memoryview) -> None:
        """Attach the bytes once they are found."""
        if len(data) != self.size:
            raise PickleError(f"a storage of {self.count} {self.dtype} has {len(data)} bytes, and needs {self.size}")
        self.data = data

    def __repr__(self) -> str:
        return f"Storage({self.dtype}, {self.count})"


@dataclass(slots=True, eq=False)
class StoredTensor:
    """A tensor still in the file: where its numbers lie, and its shape and strides in elements.

    `aetherist.interop.pickles.tensors.load` copies the numbers out.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.shape) > MAX_DIMENSIONS or len(self.strides) != len(self.shape):
            raise PickleError(f"a tensor has {len(self.shape)} sizes and {len(self.strides)} strides")
        if self.offset < 0 or min(self.shape, default=0) < 0 or min(self.strides, default=0) < 0:
            raise PickleError("a tensor has a negative size, stride or offset")
        if self.elements > self.span or self.offset + self.span > self.storage.count:
            raise PickleError(
                f"a tensor of shape {printable(self.shape)} does not fit its storage of {self.storage.count} elements"
            )

    @property
    def elements(self) -> int:
        """How many numbers the tensor has."""
        return math.prod(self.shape)

    @property
    def span(self) -> int:
        """Elements of the storage from the first to the last that the tensor uses."""
        if not self.elements:
            return 0
        return 1 + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))

    def __repr__(self) -> str:
        return f"StoredTensor({self.storage.dtype}, {self.shape})"


def kind(value: object) -> str:
    """What a value is, in a word or two, for messages; never prints its contents."""
    match value:
        case None:
            return "nothing"
        case Record():
            return f"an object of class {printable(value.class_name)}"
        case Global():
            return f"the name {printable(value.qualified)}"
        case StoredTensor():
            return f"a tensor of shape {printable(value.shape)}"
        case memoryview():
            return f"{len(value)} bytes"
        case _:
            return f"a {type(value).__name__}"


def sizes(value: object) -> tuple[int, ...]:
    """`value` as a tuple of integers, which shapes and strides must be."""
    if not isinstance(value, tuple | list) or not all(type(item) is int for item in value):
        raise PickleError(f"a shape or stride is {kind(value)}, and should be integers")
    return tuple(item for item in value if isinstance(item, int))
