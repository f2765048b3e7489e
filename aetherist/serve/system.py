"""How a server is doing, as one snapshot."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import attrs
import psutil

from aetherist import __version__

if TYPE_CHECKING:
    from aetherist.serve.services import Services
    from aetherist.telemetry import Metrics

RECENT = 100
"""Problems that are remembered."""


class Problems:
    """When which problems were answered lately, as far as their counts tell when they are looked at.

    Args:
        metrics: That count them.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counts: dict[str, int] = {}
        self._recent: deque[dict[str, Any]] = deque(maxlen=RECENT)

    def look(self) -> None:
        """Note what has come since the last look."""
        now = self.counts()
        for code, count in now.items():
            if (new := count - self._counts.get(code, 0)) > 0:
                self._recent.appendleft({"at": time.time(), "code": code, "count": new})
        self._counts = now

    def counts(self) -> dict[str, int]:
        """Return how often each was answered."""
        found: dict[str, int] = {}
        for family in self._metrics.errors.collect():
            for sample in family.samples:
                if sample.name.endswith("_total") and sample.value:
                    found[sample.labels["code"]] = int(sample.value)
        return found

    def recent(self) -> list[dict[str, Any]]:
        """Return the last ones, the newest first."""
        self.look()
        return list(self._recent)


def snapshot(services: Services) -> dict[str, Any]:
    """Return how a server is doing, JSON-ready; it asks the database and blocks."""
    state, settings = services.engine.state(), services.settings
    jobs, own = services.storage.jobs.counts(), psutil.Process()
    machine = psutil.virtual_memory()
    return {
        "at": time.time(),
        "version": __version__,
        "uptime": time.time() - services.started,
        "draining": services.draining,
        "queue": {
            "waiting": state.waiting,
            "in_flight": state.in_flight,
            "clients": len(state.clients),
            "limit": settings.limits.queue,
        },
        "throughput": state.throughput,
        "latency": {
            stage: attrs.asdict(found) for stage, found in sorted(services.metrics.latency.percentiles().items())
        },
        "batch_sizes": {str(size): count for size, count in state.batch_sizes.items()},
        "workers": [attrs.asdict(worker) for worker in state.workers],
        "memory": {
            "process": own.memory_info().rss,
            "workers": sum(worker.memory.get("resident", 0) for worker in state.workers),
            "machine": machine.total,
            "available": machine.available,
        },
        "caches": {"pictures": state.pictures},
        "models": sorted(settings.models.sources),
        "jobs": jobs,
        "artifacts": {"bytes": services.jobs.housekeeping.artifact_bytes, "quota": settings.storage.quota_bytes},
        "errors": {"counts": services.jobs.problems.counts(), "recent": services.jobs.problems.recent()},
        "websocket_connections": services.viewers,
        "event_streams": services.jobs.streams.count,
    }
