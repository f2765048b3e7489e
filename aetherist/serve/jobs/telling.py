"""How a job's progress is told: as events whose ids are the state, so that nothing need be remembered between them.

A job that is at work in this server tells of each change at once; one that waits, or is at work elsewhere, is looked at
now and then.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from aetherist.serve.streams import Event, Source, Streams

if TYPE_CHECKING:
    from aetherist.storage import JobRow

ENDED = frozenset({"done", "failed", "cancelled"})
"""The states that a job stays in."""

Show = Callable[["JobRow"], dict[str, Any]]
Look = Callable[[], Awaitable["JobRow"]]


class News:
    """Wakes whoever follows a job when something changed, and looks at it once for all of them."""

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}

    def __len__(self) -> int:
        """How many jobs are followed."""
        return len(self._followed)

    def tell(self, job: str) -> None:
        """Wake those who follow a job."""
        if (found := self._followed.get(job)) is not None:
            found.row = None
            found.news += 1
            for event in found.events:
                event.set()

    def follow(self, job: str) -> asyncio.Event:
        """Return what is set at news of a job, until one leaves it."""
        event = asyncio.Event()
        self._followed.setdefault(job, _Followed()).events.add(event)
        return event

    def leave(self, job: str, event: asyncio.Event) -> None:
        """Follow a job no longer."""
        events = self._followed[job].events
        events.discard(event)
        if not events:
            del self._followed[job]

    async def look(self, job: str, look: Look, poll: float) -> JobRow:
        """Return a job that is followed, as it was no longer than ``poll`` seconds ago and after the last news."""
        found = self._followed[job]
        async with found.looking:
            if found.row is None or time.monotonic() - found.at > poll * 0.9:
                found.at, news = time.monotonic(), found.news
                row = await look()
                found.row = row if found.news == news else None  # what changed meanwhile may not be in it
                return row
            return found.row


@attrs.define(eq=False)
class _Followed:
    """A job that is followed: whom to wake, and how it was when it was last looked at."""

    events: set[asyncio.Event] = attrs.field(factory=set)
    looking: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    row: JobRow | None = None
    at: float = 0.0
    news: int = 0


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
            event = event_of(await news.look(job, look, poll), show)
            yield event if event.id != last else None
            last = event.id
            if event.name in ENDED:
                return
            await streams.pause(poll, woken)
    finally:
        news.leave(job, woken)
