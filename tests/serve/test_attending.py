"""Work for clients who may leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from aetherist.serve.attending import attended


def request(messages: asyncio.Queue[dict[str, Any]]) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": []}, receive=messages.get)


def test_work_is_given_up_when_the_client_leaves() -> None:
    async def story() -> bool:
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        given_up = asyncio.Event()

        async def work() -> None:
            messages.put_nowait({"type": "http.request"})
            messages.put_nowait({"type": "http.disconnect"})
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                given_up.set()
                raise

        with pytest.raises(ClientDisconnect):
            await attended(request(messages), work())
        return given_up.is_set()

    assert asyncio.run(story())


def test_work_that_is_done_is_returned_or_raises() -> None:
    async def story() -> None:
        async def good() -> int:
            return 7

        async def bad() -> int:
            raise ValueError("no")

        assert await attended(request(asyncio.Queue()), good()) == 7
        with pytest.raises(ValueError, match="no"):
            await attended(request(asyncio.Queue()), bad())
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
