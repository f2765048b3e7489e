"""Times named stages of one piece of work into metrics and spans."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from aetherist.telemetry.metrics import Metrics
from aetherist.telemetry.traces import add_span, span


class Stages:
    """The stages of one piece of work.

    >>> stages = Stages(metrics)
    >>> with stages("decode"):
    ...     ...
    >>> stages.seconds
    {'decode': 0.002}
    """

    def __init__(self, metrics: Metrics | None = None) -> None:
        self.metrics = metrics
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str, **attributes: Any) -> Iterator[None]:
        """Time a stage; a stage that comes again adds to its time."""
        start = time.perf_counter()
        try:
            with span(stage, **attributes):
                yield
        finally:
            self._took(stage, time.perf_counter() - start)

    def take(self, seconds: Mapping[str, float]) -> None:
        """Take the times of stages that were measured elsewhere, in a worker: one after another, the last ended now."""
        end = time.time_ns()
        for stage, took in reversed(list(seconds.items())):
            start = end - round(took * 1e9)
            add_span(stage, start, end)
            end = start
        for stage, took in seconds.items():
            self._took(stage, took)

    def _took(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        if self.metrics is not None:
            self.metrics.latency.observe(stage, seconds)
