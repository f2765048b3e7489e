"""Asking a storage again that does not answer for a moment: what was done is not to be lost to that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aetherist.storage import StorageUnavailable

R = TypeVar("R")

WAITS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Seconds to wait before each further try."""


async def patiently(ask: Callable[[], Awaitable[R]]) -> R:
    """Return what is asked for, after a while if need be.

    Raises:
        StorageUnavailable: If there is no answer for too long.
    """
    for wait in WAITS:
        try:
            return await ask()
        except StorageUnavailable:
            await asyncio.sleep(wait)
    return await ask()
