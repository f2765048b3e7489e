"""What goes into a graph's inputs: draws, fields of the data, plain numbers.

A draw is made for the whole global batch from a generator that is seeded by the training's seed, the phase, the input
and the step, and each process takes its rows of it. So the numbers depend on neither the number of processes, nor the
parts that a batch is taken in, nor on whether the training was stopped in between.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.ops import noise
from aetherist.core.dims import Dim
from aetherist.core.graph import Graph, GraphInput
from aetherist.core.ports import PortType
from aetherist.graphs.training.data import OTHER
from aetherist.graphs.training.schedules import Schedule
from aetherist.graphs.training.spec import ControlFeed, DrawFeed, Feed, FieldFeed, ValueFeed

Rows = Mapping[str, Tensor]


@attrs.frozen
class Moment:
    """When, and for which rows of the global batch, a graph is fed.

    Attributes:
        step: Steps taken before.
        images: Images seen before.
        batch: Rows of the global batch.
        rows: Which of them are wanted.
        controls: The numbers that training steers.
    """

    step: int
    images: int
    batch: int
    rows: slice
    controls: Mapping[str, float]


class Feeder:
    """Feeds the inputs of one graph.

    Args:
        name: Of the phase; two phases draw different numbers.
        graph: Pruned to what is evaluated.
        feeds: By input; those for inputs that the graph has not are not used.
        seed: Of the training.
        device: Where the inputs are wanted.
        sizes: What ``size:`` texts such as ``rays.resolution`` stand for.
    """

    def __init__(
        self,
        name: str,
        graph: Graph,
        feeds: Mapping[str, Feed],
        *,
        seed: int,
        device: torch.device,
        sizes: Mapping[str, int],
    ) -> None:
        self.name, self.seed, self.device, self.sizes = name, seed, device, sizes
        self.inputs = {key: (given, feeds[key]) for key, given in graph.inputs.items() if key in feeds}

    def fields(self) -> set[str]:
        """Return the fields that are wanted of the data, those of another image with ``other:`` before them."""
        return {field for _, feed in self.inputs.values() for field in fields_of(feed)}

    def __call__(self, moment: Moment, data: Rows) -> dict[str, Any]:
        """Return a value for every input.

        Args:
            moment: When.
            data: The fields of the rows that the moment is about, on any device.
        """
        return {key: self._value(given, feed, moment, data) for key, (given, feed) in self.inputs.items()}

    def _value(self, given: GraphInput, feed: Feed, moment: Moment, data: Rows) -> Any:
        match feed:
            case DrawFeed():
                return self._drawn_by(given, feed, data) if feed.by else self._draw(given, feed, moment)
            case FieldFeed():
                return self._field(given, feed, moment, data)
            case ControlFeed():
                return moment.controls[feed.control]
            case ValueFeed():
                value = feed.value
                return value.at(moment.images) if isinstance(value, Schedule) else value

    def _generator(self, given: GraphInput, step: int) -> torch.Generator:
        text = f"{self.seed}.{self.name}.{given.name}.{step}"
        return torch.Generator().manual_seed(zlib.crc32(text.encode()))

    def _draw(self, given: GraphInput, feed: DrawFeed, moment: Moment) -> Tensor:
        shape = drawn_shape(given.type, feed, moment.batch)
        generator = self._generator(given, moment.step)
        if feed.draw == "seeds":
            drawn = torch.randint(0, 2**31, shape, generator=generator)
        elif feed.draw == "normal":
            drawn = torch.randn(shape, generator=generator) * feed.scale
        else:
            drawn = torch.rand(shape, generator=generator) * (feed.high - feed.low) + feed.low
        return drawn[moment.rows].to(self.device)

    def _drawn_by(self, given: GraphInput, feed: DrawFeed, data: Rows) -> Tensor:
        assert feed.by is not None
        seeds = data[feed.by].to(self.device).long()
        size = drawn_shape(given.type, feed, 1)[1:]
        positions = torch.arange(math.prod(size), device=self.device).reshape(size)
        stream = zlib.crc32(f"{self.seed}.{given.name}".encode()) >> 8
        if feed.draw == "seeds":
            return noise.hashed(seeds, positions, stream) >> 1
        if feed.draw == "normal":
            return noise.normal(seeds, positions, stream) * feed.scale
        return noise.uniform(seeds, positions, stream) * (feed.high - feed.low) + feed.low

    def _field(self, given: GraphInput, feed: FieldFeed, moment: Moment, data: Rows) -> Tensor:
        value = data[OTHER + feed.field if feed.row == "other" else feed.field]
        if feed.swap:
            chance = feed.swap.at(moment.images) if isinstance(feed.swap, Schedule) else feed.swap
            draws = torch.rand(moment.batch, generator=self._generator(given, moment.step))[moment.rows]
            swapped = (draws < chance).to(value.device).view(-1, *[1] * (value.ndim - 1))
            value = torch.where(swapped, data[OTHER + feed.field], value)
        value = value.to(self.device, non_blocking=True)
        if value.dtype == torch.uint8 and not _takes(given.type, "uint8"):
            value = from_bytes(value, given.type.meaning)
        if feed.size is None:
            return value
        size = feed.size if isinstance(feed.size, int) else self.sizes[feed.size]
        return resized_depth(value, size) if feed.field == "depth" else resized(value, size)


def fields_of(feed: Feed) -> list[str]:
    """Return the fields that a feed reads, those of another image with ``other:`` before them."""
    if isinstance(feed, DrawFeed) and feed.by is not None:
        return [feed.by]
    if not isinstance(feed, FieldFeed):
        return []
    found = [OTHER + feed.field if feed.row == "other" else feed.field]
    return [*found, OTHER + feed.field] if feed.swap else found


def drawn_shape(type_: PortType, feed: DrawFeed, batch: int) -> tuple[int, ...]:
    """Return the shape of a draw: rows, then the sizes that the input or the feed fixes.

    Raises:
        ValueError: If an axis has no size.
    """
    shape = [batch]
    for axis in type_.shape.axes[1:]:
        size = axis.constant if isinstance(axis, Dim) else None
        if size is None and isinstance(axis, Dim):
            known = {symbol: feed.sizes[symbol.name] for symbol in axis.symbols if symbol.name in feed.sizes}
            size = axis.evaluate(known) if axis.symbols <= known.keys() else None
        if size is None:
            raise ValueError(f"the axis {axis} of {type_} is open; say its size: sizes: {{{axis}: ...}}")
        shape.append(size)
    return tuple(shape)


def from_bytes(value: Tensor, meaning: str | None) -> Tensor:
    """Return bytes as numbers in the range that a meaning has: [-1, 1] for ``image.signed``, else [0, 1]."""
    if meaning is not None and meaning.startswith("image.signed"):
        return value.float() / 127.5 - 1.0
    return value.float() / 255.0


def resized(value: Tensor, size: int) -> Tensor:
    """Return pictures ``(B, C, H, W)`` with ``size`` rows and columns, filtered where that is fewer."""
    if value.shape[-2:] == (size, size):
        return value
    return F.interpolate(value, size=(size, size), mode="bilinear", align_corners=False, antialias=True)


def resized_depth(depth: Tensor, size: int) -> Tensor:
    """Return depths ``(B, 1, H, W)`` with ``size`` rows and columns: the mean of what is there, 0 where nothing is."""
    there = resized((depth > 0).to(depth.dtype), size)
    return torch.where(there > 1e-3, resized(depth, size) / there.clamp(min=1e-3), 0.0)


def _takes(type_: PortType, dtype: str) -> bool:
    return type_.dtypes is not None and dtype in type_.dtypes
