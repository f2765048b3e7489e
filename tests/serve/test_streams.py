"""Streams of events are kept alive, end with their clients, and end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aetherist.serve.problems import Problem
from aetherist.serve.streams import Event, Source, Streams


async def send(streams: Streams, source: Source, leave: Callable[[bytes], bool] = lambda _: False) -> bytes:
    """What a client gets that goes away when it has seen enough."""
    gone = asyncio.Event()
    body = b""

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        nonlocal body
        body += message.get("body", b"")
        if leave(body):
            gone.set()

    await streams.respond(source)({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, take)
    return body


class Counting:
    """A source that goes on forever, and knows when it was closed."""

    def __init__(self, streams: Streams, seconds: float = 0.001) -> None:
        self.streams, self.seconds, self.closed = streams, seconds, False

    async def events(self) -> Source:
        number = 0
        try:
            while True:
                yield Event("count", {"number": number}, str(number)) if number < 3 else None
                number += 1
                await self.streams.pause(self.seconds)
        finally:
            self.closed = True


def test_an_event_has_a_name_an_id_and_json() -> None:
    assert Event("progress", {"text": "a\nb"}, "x-1").encoded() == (
        b'event: progress\ndata: {"text":"a\\nb"}\nid: x-1\n\n'
    )


def test_a_stream_ends_after_its_last_event() -> None:
    async def two() -> Source:
        yield Event("progress", 1)
        yield None
        yield Event("done", 2)

    body = asyncio.run(send(Streams(), two()))
    assert body == b"retry: 2000\n\nevent: progress\ndata: 1\n\nevent: done\ndata: 2\n\n"


def test_a_comment_is_sent_where_there_is_no_news() -> None:
    async def story() -> None:
        streams = Streams(heartbeat=0.01)
        source = Counting(streams)
        body = await send(streams, source.events(), lambda body: body.count(b": ping") >= 2)
        assert body.count(b"event: count") == 3
        assert source.closed

    asyncio.run(story())


def test_clients_that_go_away_leave_nothing_behind() -> None:
    async def story() -> None:
        streams = Streams(limit=200)
        sources = [Counting(streams) for _ in range(200)]
        await asyncio.gather(*(send(streams, each.events(), lambda body: b"number" in body) for each in sources))
        assert all(each.closed for each in sources)
        assert streams.count == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_there_is_a_bound() -> None:
    async def story() -> None:
        streams = Streams(limit=1)
        source = Counting(streams)
        following = asyncio.create_task(send(streams, source.events()))
        while not streams.count:
            await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            streams.respond(Counting(streams).events())
        assert (refused.value.code, refused.value.headers["Retry-After"]) == ("busy", "5")
        streams.close()
        await following

    asyncio.run(story())


def test_a_server_that_stops_ends_them_at_once_and_begins_no_more() -> None:
    async def story() -> None:
        streams = Streams()
        source = Counting(streams, seconds=60)
        following = asyncio.create_task(send(streams, source.events()))
        while not streams.count:
            await asyncio.sleep(0)
        streams.close()
        assert b"number" in await following
        assert source.closed
        with pytest.raises(Problem, match="shutting down"):
            streams.respond(Counting(streams).events())

    asyncio.run(story())


def test_a_source_that_fails_is_closed_and_counted_no_more() -> None:
    async def broken() -> Source:
        yield Event("one", 1)
        raise ValueError("what went wrong")

    async def story() -> None:
        streams = Streams()
        with pytest.raises((ValueError, ExceptionGroup)):
            await send(streams, broken())
        assert streams.count == 0

    asyncio.run(story())
