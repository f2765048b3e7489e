"""What a training tells while it runs: one stream, which records, terminal views and servers read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
from torch import Tensor


@attrs.frozen
class Started:
    """Training begins, or goes on.

    Attributes:
        images: Images seen before.
        length: Images to see in all.
        batch: Images a step.
        checkpoint: What it goes on from.
    """

    images: int
    length: int
    batch: int
    checkpoint: Path | None = None


@attrs.frozen
class Stepped:
    """An interval of steps, averaged.

    Attributes:
        step: Steps taken.
        images: Images seen.
        seconds: Of training, those before a stop included.
        speed: Images a second in the interval.
        memory: The most bytes of the device that were in use, or of the process where the device is the CPU.
        terms: The mean of each reported output, ``phase.output``.
        rates: Learning rates by phase.
        controls: The numbers that training steers.
        skipped: Phases left out in the interval because a loss was not finite.
    """

    step: int
    images: int
    seconds: float
    speed: float
    memory: int
    terms: Mapping[str, float]
    rates: Mapping[str, float]
    controls: Mapping[str, float]
    skipped: int = 0


@attrs.frozen
class Ticked:
    """One step is done; for views that show the count at once."""

    images: int


@attrs.frozen
class Grown:
    """Settings of components have changed."""

    images: int
    settings: Mapping[str, int]


@attrs.frozen
class Pictured:
    """Pictures at the fixed seeds: each output's as they come from the graph, ``(N, C, H, W)``, and its meaning."""

    images: int
    pictures: Mapping[str, Tensor]
    meanings: Mapping[str, str | None]
    columns: int
    rows: int


@attrs.frozen
class Saved:
    """A checkpoint or a model folder has been written."""

    images: int
    path: Path
    kind: str


@attrs.frozen
class Stopped:
    """Training is over: ``done``, ``asked`` to stop, or ``failed``."""

    images: int
    reason: str


Event = Started | Ticked | Stepped | Grown | Pictured | Saved | Stopped
Observer = Callable[[Event], None]
