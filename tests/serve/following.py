"""A client of a stream that never ends by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aetherist.serve.jobs import JobRunner


async def follow(
    app: Any, path: str, done: Callable[[str, Any, str | None], bool], headers: Mapping[str, str] | None = None
) -> None:
    """Ask an application for events until ``done`` says so of one's name, data and id, and then go away."""
    if app.state.services.jobs is None:
        app.state.services.jobs = JobRunner(app.state.services)
    gone = asyncio.Event()
    asked = [{"type": "http.request", "body": b""}]
    text = b""

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal text
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        text += message.get("body", b"")
        while not gone.is_set() and b"\n\n" in text:
            block, _, text = text.partition(b"\n\n")
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if not line.startswith(":"))
            if "event" in fields and done(fields["event"], json.loads(fields["data"]), fields.get("id")):
                gone.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000")]
        + [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    async with asyncio.timeout(20):
        await app(scope, receive, send)
    assert gone.is_set(), text
