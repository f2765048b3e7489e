"""What is done now and then: jobs whose server died are queued again, and what is no longer kept is removed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aetherist.serve.services import Services

MISSED = 4
"""Heartbeats that a server may miss before its jobs are given to others."""

TIDY_EVERY = 900.0
"""Seconds between two removals of what is no longer kept."""

SIZE_EVERY = 10.0
"""Seconds between two looks at how much room the artifacts take, for which all rows are read."""

GRACE = 3600.0
"""Seconds for which something that nobody refers to is left: it may just have been made."""

DAY = 86400.0


class Housekeeping:
    """Keeps the queue and the store in order; everything here blocks, and several servers may do it at once.

    Args:
        services: Of the server.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tidied = -TIDY_EVERY
        self._sized = -SIZE_EVERY
        self.artifact_bytes = 0

    def turn(self) -> bool:
        """Do what is due; return whether there are jobs to take again.

        Raises:
            StorageError: If the database or the artifacts cannot be reached.
        """
        again = self.reclaim()
        now = time.monotonic()
        if now - self._tidied >= TIDY_EVERY:
            self._tidied = now
            self.tidy()
        if now - self._sized >= SIZE_EVERY:
            self._sized = now
            self.artifact_bytes = self._services.storage.artifacts.usage()
            self._services.metrics.artifacts.set(self.artifact_bytes)
        return again

    def reclaim(self) -> bool:
        """Queue again the jobs whose server is silent; return whether there were any."""
        settings, storage = self._services.settings.jobs, self._services.storage
        found = storage.jobs.reclaim(MISSED * settings.heartbeat_seconds, settings.attempts)
        for row in found:
            self._services.log.warning("a job was left by its server", job_id=row.id, status=row.status)
        counts = storage.jobs.counts()
        self._services.metrics.jobs_waiting.set(counts["queued"])
        return bool(found)

    def tidy(self) -> None:
        """Forget jobs that ended long ago, and remove what nobody refers to."""
        storage = self._services.storage
        forgotten = storage.jobs.forget(self._services.settings.storage.keep_days * DAY)
        removed = storage.artifacts.collect(GRACE)
        if forgotten or removed:
            self._services.log.info("tidied", jobs=forgotten, artifacts=len(removed))
