"""How long stages take: counted for Prometheus, and the recent ones kept for percentiles."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import attrs
from prometheus_client import Histogram

KEPT = 2048
RECENT = 300.0


@attrs.frozen
class Percentiles:
    """Of the recent times of a stage: how many, and the median, the 95th and the 99th in a hundred, in seconds."""

    count: int
    p50: float
    p95: float
    p99: float


class Latency:
    """The times of stages."""

    def __init__(self, histogram: Histogram, clock: Callable[[], float] = time.monotonic) -> None:
        self.histogram = histogram
        self._clock = clock
        self._recent: dict[str, deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def observe(self, stage: str, seconds: float) -> None:
        """Take one time of a stage."""
        self.histogram.labels(stage).observe(seconds)
        with self._lock:
            self._recent.setdefault(stage, deque(maxlen=KEPT)).append((self._clock(), seconds))

    def percentiles(self, window: float = RECENT) -> dict[str, Percentiles]:
        """Return percentiles by stage over the last ``window`` seconds; a stage without times is left out."""
        since = self._clock() - window
        with self._lock:
            times = {stage: sorted(s for at, s in kept if at >= since) for stage, kept in self._recent.items()}
        return {
            stage: Percentiles(
                len(found), *(found[min(int(q * len(found)), len(found) - 1)] for q in (0.5, 0.95, 0.99))
            )
            for stage, found in times.items()
            if found
        }
