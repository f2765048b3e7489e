"""What is counted between two lines of records: means over the steps, and memory."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from typing import Any

import torch


def used_memory(device: torch.device) -> int:
    """Return the most bytes that tensors have held on a GPU, or that this process has held where there is none."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Interval:
    """Sums of what phases report; part of a checkpoint, so that a stop leaves no mark in the records."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.images = 0
        self.seconds = 0.0
        self.skipped = 0

    def add(self, phase: str, terms: Mapping[str, float], *, moved: bool) -> None:
        """Count what a phase reported; not where it was left out."""
        if not moved:
            self.skipped += 1
            return
        for name, value in terms.items():
            key = f"{phase}.{name}"
            self.sums[key] = self.sums.get(key, 0.0) + value
            self.counts[key] = self.counts.get(key, 0) + 1

    def means(self) -> dict[str, float]:
        """Return the mean of each term over the steps in which it was reported."""
        return {key: total / self.counts[key] for key, total in self.sums.items()}

    def state(self) -> dict[str, Any]:
        """Return everything that a checkpoint needs."""
        return dict(vars(self))

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Interval:
        """Return the interval that :meth:`state` described."""
        made = cls()
        vars(made).update(state)
        return made
