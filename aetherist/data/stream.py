"""Training data as an endless stream: the same for the same seed, split over ranks, and it can be taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from aetherist.data.dataset import ImageDataset


class StreamSampler(Sampler[int]):
    """An endless order of indices: each pass goes through all of them, shuffled anew.

    Position p of the stream is number p of the shuffled passes laid end to end; rank r of n takes positions r, r + n
    and so on. So the ranks together see each index once a pass, whatever n is, and n may change between runs.

    Args:
        length: How many indices there are.
        seed: Decides the order.
        rank: Of this process.
        ranks: How many processes share the stream.
        position: Where in the whole stream to begin.
    """

    def __init__(self, length: int, seed: int = 0, rank: int = 0, ranks: int = 1, position: int = 0) -> None:
        if length < 1:
            raise ValueError("StreamSampler: there is nothing to draw from")
        if not 0 <= rank < ranks:
            raise ValueError(f"StreamSampler: rank {rank} is not one of {ranks}")
        self._length, self._seed, self._rank, self._ranks, self._position = length, seed, rank, ranks, position

    def __iter__(self) -> Iterator[int]:
        position, order, current = self._position + self._rank, np.empty(0, np.int64), -1
        while True:
            epoch, place = divmod(position, self._length)
            if epoch != current:
                order, current = np.random.default_rng([self._seed, epoch]).permutation(self._length), epoch
            yield int(order[place])
            position += self._ranks


class ImageStream:
    """Batches without end from an ``ImageDataset``, decoded by worker processes.

    Its position counts pictures that were handed out, not those that workers hold ready, so a run that stops and
    goes on from ``state_dict`` sees exactly what one run would have seen.

    Args:
        dataset: What to read.
        batch_size: Pictures a batch on this rank.
        seed: Decides the order.
        rank: Of this process.
        ranks: How many processes train.
        workers: Processes that decode; 0 decodes here.
        pin_memory: Whether batches are put where a GPU fetches them quickly.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        batch_size: int,
        *,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"ImageStream: batch_size must be at least 1, not {batch_size}")
        self.dataset = dataset
        self._batch_size, self._seed, self._rank, self._ranks = batch_size, seed, rank, ranks
        self._workers, self._pin = workers, pin_memory
        self._position = 0
        self._batches: Iterator[dict[str, Tensor]] | None = None

    @property
    def position(self) -> int:
        """How many pictures all ranks together have handed out."""
        return self._position

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return self

    def __next__(self) -> dict[str, Tensor]:
        if self._batches is None:
            self._batches = iter(self._loader())
        batch = next(self._batches)
        self._position += self._batch_size * self._ranks
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is, for a checkpoint."""
        return {"position": self._position, "seed": self._seed, "length": len(self.dataset)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where a stream was; the batch size and the number of ranks may differ from then.

        Raises:
            ValueError: If that stream was over a data set of another length.
        """
        if state["length"] != len(self.dataset):
            raise ValueError(
                f"the checkpoint's data set had {state['length']} pictures and this one has {len(self.dataset)} "
                "(mirrored ones counted); resume with the same data and the same mirroring"
            )
        self._position, self._seed, self._batches = int(state["position"]), int(state["seed"]), None

    def _loader(self) -> DataLoader[dict[str, Tensor]]:
        sampler = StreamSampler(len(self.dataset), self._seed, self._rank, self._ranks, self._position)
        return DataLoader(
            self.dataset,
            batch_size=self._batch_size,
            sampler=sampler,
            num_workers=self._workers,
            pin_memory=self._pin,
            persistent_workers=self._workers > 0,
            # A generator of its own, so that reading data leaves the caller's random state alone.
            generator=torch.Generator(),
        )
