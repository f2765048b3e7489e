"""Server-sent events: how a stream is written, kept alive, gone on with and ended.

A source is an async generator that yields an :class:`Event` when there is news and ``None`` each time it looked and
found none. It runs in the task of its response, so that it ends with a client that goes away.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import attrs
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import StreamingResponse

from aetherist.serve.problems import Problem, retry_after

HEARTBEAT = 10.0
"""Seconds without news after which a comment is sent: proxies cut what is silent for longer."""

RETRY = 2000
"""Milliseconds after which a client whose stream broke comes back."""

OPEN = 512
"""Streams that may be open at a time; each polls for its news."""

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, each with a name, an id and JSON data, until the client goes away or all is told.",
        "content": {"text/event-stream": {}},
    }
}
"""``responses=`` of a route that answers with events."""


@attrs.frozen
class Event:
    """What is told.

    Attributes:
        name: ``progress``, ``done``, ...
        data: JSON-ready.
        id: Where to go on from, sent back by the client as ``Last-Event-ID``.
    """

    name: str
    data: Any
    id: str | None = None

    def encoded(self) -> bytes:
        """Return it as it is sent."""
        text = json.dumps(self.data, separators=(",", ":"))
        return format_sse_event(data_str=text, event=self.name, id=self.id)


Source = AsyncGenerator[Event | None, None]


class Streams:
    """The open streams of a server.

    Args:
        limit: How many may be open at a time.
        heartbeat: Seconds without news after which a comment is sent.
    """

    def __init__(self, limit: int = OPEN, heartbeat: float = HEARTBEAT) -> None:
        self.limit, self.heartbeat = limit, heartbeat
        self.count = 0
        self._closing = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the streams are ending because the server stops."""
        return self._closing.is_set()

    def close(self) -> None:
        """End every stream, and begin no more; a client comes back by itself, with the last id that it had."""
        self._closing.set()

    async def pause(self, seconds: float, *wakers: asyncio.Event) -> None:
        """Wait so long, or until one of the events is set, or the streams are ended."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._closing, *wakers)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def respond(self, source: Source) -> StreamingResponse:
        """Answer with what a source tells.

        Raises:
            Problem: ``busy`` if as many are open as may be, or the server stops.
        """
        if self.closing:
            raise Problem("shutting_down", "the server is shutting down", headers=retry_after(5.0))
        if self.count >= self.limit:
            text = f"{self.limit} event streams are open, and there may not be more; close some of them"
            raise Problem("busy", text, headers=retry_after(5.0))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._encoded(source), headers=headers, media_type="text/event-stream")

    async def _encoded(self, source: Source) -> AsyncIterator[bytes]:
        self.count += 1
        sent = time.monotonic()
        try:
            async with aclosing(source):
                yield f"retry: {RETRY}\n\n".encode()
                while not self.closing:
                    event = None
                    with suppress(StopAsyncIteration):
                        event = await anext(source)
                        now = time.monotonic()
                        if event is not None:
                            sent = now
                            yield event.encoded()
                        elif now - sent >= self.heartbeat:
                            sent = now
                            yield KEEPALIVE_COMMENT
                        continue
                    return
        finally:
            self.count -= 1
