"""Running a batch row by row, so that a row's arithmetic never depends on its neighbours."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def runs_by_row() -> bool:
    """Return whether a batch should be run row by row: at inference, under ``torch.no_grad()``.

    Libraries choose their algorithm by the size of the batch, and so its rounding. A row at a time is bit-
    equal whatever the batch, needs the memory of one, and lets a kernel be folded for its picture. Training,
    also where it only looks (a generator that stands still), and a compiler that traces for a batch of any
    size, want the whole batch together.
    """
    return not torch.is_grad_enabled() and not torch.compiler.is_compiling()


def by_row(function: Callable[..., Tensor], *tensors: Tensor | None) -> Tensor:
    """Apply ``function`` to each row of ``tensors`` (a batch of one) and concatenate; ``None`` stays."""
    batch = next(t.shape[0] for t in tensors if t is not None)
    if batch == 1:
        return function(*tensors)
    rows = [function(*[None if t is None else t[i : i + 1] for t in tensors]) for i in range(batch)]
    return torch.cat(rows)
