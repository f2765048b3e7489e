"""Several processes, each with its share of every batch, that stay equal: gradients are averaged by hand.

By hand rather than by a wrapper, because gradient penalties differentiate twice and phases move different networks:
what is averaged is exactly what an optimizer is about to use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import distributed_c10d
from torch.distributed.rendezvous import rendezvous


@attrs.frozen
class World:
    """The processes of a training, and which of them this is."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def rows(self, batch_size: int) -> slice:
        """Return which rows of a global batch are this process's.

        Raises:
            ValueError: If the batch cannot be shared out evenly.
        """
        if batch_size % self.size:
            raise ValueError(
                f"training.batch_size = {batch_size} images cannot be shared out evenly among {self.size} processes; "
                "make it a multiple of them"
            )
        share = batch_size // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors by their mean over all processes; those of one dtype travel together."""
        if self.size == 1:
            return
        together: dict[torch.dtype, list[Tensor]] = {}
        for tensor in tensors:
            together.setdefault(tensor.dtype, []).append(tensor)
        for group in together.values():
            flat = torch.cat([tensor.flatten() for tensor in group])
            dist.all_reduce(flat)
            flat /= self.size
            start = 0
            for tensor in group:
                tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
                start += tensor.numel()

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        if self.size == 1:
            return values
        values = values.clone()
        dist.all_reduce(values)
        return values / self.size

    def any(self, flag: bool, device: torch.device) -> bool:
        """Return whether any process says so; all get the same answer."""
        if self.size == 1:
            return flag
        told = torch.tensor(float(flag), device=device)
        dist.all_reduce(told)
        return bool(told.item() > 0)

    def from_first(self, value: Any) -> Any:
        """Return the first process's value in all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            dist.barrier()


def asked_for() -> bool:
    """Return whether ``torchrun`` started this process among others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def restarts() -> int:
    """Return how often ``torchrun`` has started everyone anew after one had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def local_device(device: torch.device) -> torch.device:
    """Return which of the machine's GPUs is this process's."""
    if device.type == "cuda" and asked_for():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device


@contextmanager
def world(device: torch.device) -> Iterator[World]:
    """Join the processes that ``torchrun`` started, for as long as the context lasts; alone if it did not."""
    if not asked_for():
        yield World()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    store, rank, size = next(rendezvous("env://"))
    # torchrun may keep its store when it starts everyone anew: what the dead have left in it is not for us.
    fresh = distributed_c10d.PrefixStore(f"attempt-{restarts()}", store)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", store=fresh, rank=rank, world_size=size)
    try:
        yield World(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
