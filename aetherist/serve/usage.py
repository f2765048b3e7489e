"""Who used what, gathered for a while and then written: a frame must not cost a transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from aetherist.storage import Storage

EVERY = 5.0
"""Seconds between two writes."""


@attrs.define
class _Sum:
    count: int = 0
    pictures: int = 0
    seconds: float = 0.0
    errors: int = 0


class Usage:
    """Counts operations by hour, model and key. It belongs to the event loop.

    Args:
        storage: Where the counts go.
        log: Told if they cannot be written; they are kept for the next time.
    """

    def __init__(self, storage: Storage, log: Any) -> None:
        self._storage, self._log = storage, log
        self._sums: dict[tuple[int, str, str | None, str], _Sum] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def counting(self, operation: str, model: str, key_id: str | None, pictures: int = 1) -> Iterator[None]:
        """Count what happens inside, and whether it failed; what the client gave up counts for nothing."""
        began = time.perf_counter()
        try:
            yield
        except Exception:
            self.note(operation, model, key_id, 0, time.perf_counter() - began, errors=1)
            raise
        self.note(operation, model, key_id, pictures, time.perf_counter() - began)

    def note(
        self, operation: str, model: str, key_id: str | None, pictures: int, seconds: float, errors: int = 0
    ) -> None:
        """Count an operation: ``seed``, ``generate``, ``avatar``, ``view``, or the kind of a job."""
        sum_ = self._sums.setdefault((int(time.time() // 3600), model, key_id, operation), _Sum())
        sum_.count += 1
        sum_.pictures += pictures
        sum_.seconds += seconds
        sum_.errors += errors

    async def start(self) -> None:
        """Write now and then."""
        self._task = asyncio.create_task(self._write_often())

    async def stop(self) -> None:
        """Write what is left."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.flush()

    async def flush(self) -> None:
        """Write what was gathered."""
        sums, self._sums = self._sums, {}
        try:
            await run_in_threadpool(self._write, sums)
        except Exception:
            self._log.exception("usage could not be written")
            for key, sum_ in sums.items():  # those that were written are gone from it
                mine = self._sums.setdefault(key, _Sum())
                mine.count += sum_.count
                mine.pictures += sum_.pictures
                mine.seconds += sum_.seconds
                mine.errors += sum_.errors

    def _write(self, sums: dict[tuple[int, str, str | None, str], _Sum]) -> None:
        for key in list(sums):
            hour, model, key_id, operation = key
            self._storage.usage.add(hour * 3600.0, model, key_id, operation, **attrs.asdict(sums[key]))
            del sums[key]

    async def _write_often(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.flush()
