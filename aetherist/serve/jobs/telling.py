"""How a job's progress is told: as events whose ids are the state, so that nothing need be remembered between them.

A job that is at work in this server tells of each change at once; one that waits, or is at work elsewhere, is looked at
now and then.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aetherist.serve.streams import Event, Source, Streams

if TYPE_CHECKING:
    from aetherist.storage import JobRow

ENDED = frozenset({"done", "failed", "cancelled"})
"""The states that a job stays in."""

Show = Callable[["JobRow"], dict[str, Any]]
Look = Callable[[], Awaitable["JobRow"]]


class News:
    """Wakes whoever follows a job when something changed."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def tell(self, job: str) -> None:
        """Wake those who follow a job."""
        for event in self._waiting.get(job, ()):
            event.set()

    def __len__(self) -> int:
        """How many jobs are followed."""
        return len(self._waiting)

    def follow(self, job: str) -> asyncio.Event:
        """Return what is set at news of a job, until it is :meth:`left`."""
        event = asyncio.Event()
        self._waiting[job].add(event)
        return event

    def leave(self, job: str, event: asyncio.Event) -> None:
        """Follow a job no longer."""
        self._waiting[job].discard(event)
        if not self._waiting[job]:
            del self._waiting[job]


def event_of(row: JobRow, show: Show) -> Event:
    """Return what is told of a job as it is: ``progress``, or how it ended."""
    name = row.status if row.status in ENDED else "progress"
    said = f"{row.status} {row.attempts} {row.progress:.6f} {row.message}"
    return Event(name, show(row), f"{name}-{zlib.crc32(said.encode()):08x}")


async def follow(
    job: str, look: Look, show: Show, news: News, streams: Streams, *, last: str | None, poll: float
) -> Source:
    """Tell of a job until it has ended.

    Args:
        job: Its id.
        look: Returns it as it is now.
        show: Returns it as clients see it.
        news: Wakes this when something changed.
        streams: That this is one of.
        last: The id of the last event that the client had; the same state is not told twice.
        poll: Seconds between two looks without news.
    """
    woken = news.follow(job)
    try:
        while True:
            woken.clear()
            event = event_of(await look(), show)
            yield event if event.id != last else None
            last = event.id
            if event.name in ENDED:
                return
            await streams.pause(poll, woken)
    finally:
        news.leave(job, woken)
