"""Who used what, gathered for a while and then written: a frame must not cost a transaction."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from aetherist.storage import Storage


@attrs.define
class _Sum:
    count: int = 0
    pictures: int = 0
    seconds: float = 0.0
    errors: int = 0

    def take(self, other: _Sum) -> None:
        self.count += other.count
        self.pictures += other.pictures
        self.seconds += other.seconds
        self.errors += other.errors


_Key = tuple[datetime, str, str | None, str]


class UsageMeter:
    """Counts operations by hour, model and key; threads may use it at once.

    Args:
        storage: Where the counts go.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._sums: dict[_Key, _Sum] = {}
        self._lock = threading.Lock()

    def add(
        self,
        model: str,
        key_id: str | None,
        operation: str,
        pictures: int = 0,
        seconds: float = 0.0,
        failed: bool = False,
    ) -> None:
        """Count an operation: ``picture``, ``generate``, ``avatar``, ``view``, or a job such as ``job.video``."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._take((hour, model, key_id, operation), _Sum(1, pictures, seconds, int(failed)))

    def flush(self) -> None:
        """Write what was gathered; blocks. What cannot be written is kept for the next time.

        Raises:
            StorageError: If the database does not take it.
        """
        with self._lock:
            sums, self._sums = self._sums, {}
        try:
            for key in list(sums):
                self._storage.usage.add(*key, **attrs.asdict(sums[key]))
                del sums[key]
        finally:
            for key, sum_ in sums.items():
                self._take(key, sum_)

    def _take(self, key: _Key, sum_: _Sum) -> None:
        with self._lock:
            self._sums.setdefault(key, _Sum()).take(sum_)
