"""The order in which images are seen: a function of the seed and of how many have been seen, whoever sees them.

Nothing is kept but the count: a training that is resumed, or spread over other processes, sees the same images.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from aetherist.graphs.training.distributed import World

OTHER = "other:"
"""Prefix of the fields of another image that is drawn at random."""


class Dataset(Protocol):
    """What training asks of data: fields of single images, by number."""

    @property
    def fields(self) -> Collection[str]:
        """The names that :meth:`read` knows, such as ``image`` and ``camera``."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int, fields: Collection[str], mirrored: bool) -> Mapping[str, Tensor]:
        """Return fields of an image without a batch axis; pictures ``(C, H, W)``, in bytes or as the field means.

        Args:
            index: From 0.
            fields: The ones that are wanted; others need not be read.
            mirrored: Left for right, the camera with it.
        """
        ...


class Nothing:
    """Data for a training whose feeds read none."""

    fields: Collection[str] = ()

    def __len__(self) -> int:
        return 1

    def read(self, index: int, fields: Collection[str], mirrored: bool) -> Mapping[str, Tensor]:
        """Return no field; none can be asked for."""
        raise ValueError(f"there is no data to read {', '.join(fields)} of image {index} from (mirrored: {mirrored})")


class Order:
    """An endless shuffled order of ``size`` items, each once an epoch; any place of it can be asked for."""

    def __init__(self, size: int, name: str) -> None:
        self.size = size
        self.name = name
        self._epoch = -1
        self._items: list[int] = []

    def __getitem__(self, position: int) -> int:
        epoch, place = divmod(position, self.size)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name}.{epoch}".encode()))
            self._items = torch.randperm(self.size, generator=generator).tolist()
            self._epoch = epoch
        return self._items[place]


class Rows:
    """Positions in the order of a training to the fields that its feeds need.

    Args:
        dataset: Where images come from.
        fields: Names, those of another image with the prefix ``other:``.
        seed: Of the order.
        mirror: Whether every image is there twice.
    """

    def __init__(self, dataset: Dataset, fields: Collection[str], *, seed: int, mirror: bool) -> None:
        self.dataset = dataset
        self.own = sorted(field for field in fields if not field.startswith(OTHER))
        self.other = sorted(field.removeprefix(OTHER) for field in fields if field.startswith(OTHER))
        size = len(dataset) * (2 if mirror else 1)
        self.order, self.others = Order(size, f"{seed}.order"), Order(size, f"{seed}.others")

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        row = dict(self._read(self.order[position], self.own))
        return row | {OTHER + name: value for name, value in self._read(self.others[position], self.other).items()}

    def _read(self, item: int, fields: list[str]) -> Mapping[str, Tensor]:
        if not fields:
            return {}
        mirrored, index = divmod(item, len(self.dataset))
        return self.dataset.read(index, fields, bool(mirrored))


def batches(
    rows: Rows, *, first: int, batch_size: int, world: World, workers: int = 0, pin: bool = False
) -> Iterator[dict[str, Tensor]]:
    """Yield this process's rows of one global batch after another.

    Args:
        rows: What is at each position.
        first: The position of the first row of the first batch: the images seen before.
        batch_size: Of the global batch.
        world: Which rows of it are this process's.
        workers: Processes that read ahead; 0 to read when asked.
        pin: Whether to lay the rows where a GPU fetches them fastest.
    """
    mine = world.rows(batch_size)
    if not rows.own and not rows.other:
        while True:
            yield {}
    loader: DataLoader[Any] = DataLoader(
        rows,  # type: ignore[arg-type]
        batch_sampler=_Positions(first, batch_size, mine),
        num_workers=workers,
        pin_memory=pin,
        collate_fn=default_collate,
        multiprocessing_context="forkserver" if workers else None,
    )
    yield from loader


class _Positions:
    """The positions of this process's rows of each batch, without end."""

    def __init__(self, first: int, batch_size: int, mine: slice) -> None:
        self.first, self.batch_size, self.mine = first, batch_size, mine

    def __iter__(self) -> Iterator[list[int]]:
        start = self.first
        while True:
            yield list(range(start + self.mine.start, start + self.mine.stop))
            start += self.batch_size
