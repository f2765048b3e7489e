"""Names of rows: unguessable, and in the order in which they were made."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from typing import Any

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit, and their order is that of their values."""

_RANDOM = 80
_lock = threading.Lock()
_last = 0


def identifier(prefix: str) -> str:
    """Return a new name such as ``job_01jd...``: a ULID, 48 bits of milliseconds and 80 of chance.

    Of one process, a later name sorts after an earlier one.
    """
    global _last
    with _lock:
        fresh = (time.time_ns() // 1_000_000 << _RANDOM) | secrets.randbits(_RANDOM)
        # Within a millisecond, or where the clock went back, the next one is a little further on.
        _last = fresh if fresh >> _RANDOM > _last >> _RANDOM else _last + 1 + secrets.randbits(32)
        return f"{prefix}_{letters(_last, 26)}"


def letters(number: int, count: int) -> str:
    """Return a number as so many letters."""
    return "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(count)))


def digest_of(value: Any) -> str:
    """Return the SHA-256 of JSON-ready data, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
