"""Clients that take their time: each part of a request, and of an answer, may take so long and no longer.

Otherwise whoever opens connections and says a letter a minute, or never reads, holds them for ever.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 of uvicorn, which leaves a client that is too slow."""

    HEAD: ClassVar[float] = 20.0
    """Seconds from the first byte of a request, or from the connection, to the end of its headers."""

    BODY: ClassVar[float] = 120.0
    """Seconds for all of a body: bodies are small, and files of avatars are kilobytes."""

    READ: ClassVar[float] = 60.0
    """Seconds in which a client has to read what was written, or at least ``LEAST`` bytes of it."""

    LEAST: ClassVar[int] = 1 << 20
    """Bytes."""

    _saying: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request."""
        super().connection_made(transport)
        self._expect(self.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Expect its headers, on a connection that is used again too."""
        super().on_message_begin()
        if self._saying is None:
            self._expect(self.HEAD)

    def on_headers_complete(self) -> None:
        """Expect its body."""
        self._expect(self.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect nothing: the client waits for us."""
        self._expect(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket, which looks after its own."""
        self._expect(None)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Expect the client to read."""
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        """Go on: it has read."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _expect(self, seconds: float | None) -> None:
        if self._saying is not None:
            self._saying.cancel()
        self._saying = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _look_again(self, before: int | None = None) -> None:
        left = self.transport.get_write_buffer_size()
        if before is not None and left > before - self.LEAST:
            self.transport.abort()
        else:
            self._reading = self.loop.call_later(self.READ, self._look_again, left)
