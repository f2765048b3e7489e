"""What every request passes before its body is read: the host, the origin, the key, the rate."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from aetherist.serve.problems import Problem, busy
from aetherist.serve.security.callers import Caller, anonymous, holder, offered_key
from aetherist.serve.security.hosts import answers_to, own_origin
from aetherist.serve.services import Services

_OPEN = ("/v1/session", "/v1/artifacts/", "/v1/view")
"""Where no key may be right: what says whether one is needed, names that are signed, and what asks for it inside."""

_JSON = ("application/json",)
_FILES = ("application/octet-stream", "application/vnd.safetensors")


class Gate:
    """Refuses what does not belong here, and finds out who asks; ``scope["state"]["caller"]`` says who.

    A wrong key is refused everywhere under ``/v1``, a missing one wherever one is required.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app, self.services = app, services
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        settings, headers = self.services.settings, Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) > 1:
            raise Problem("bad_request", "the request names its host twice")
        if not answers_to(host, settings):
            raise Problem("misdirected", "the server listens on loopback and answers to loopback names only")
        state = scope.setdefault("state", {})
        address = scope["client"][0] if scope.get("client") else "local"
        state["caller"] = anonymous(address, settings)
        if scope["type"] == "websocket":
            self._rates.count(state["caller"], settings.limits.rate)
        elif _guarded(scope["path"]):
            origin = headers.get("origin")
            if origin is not None and not own_origin(origin, host, settings):
                raise Problem("forbidden", "the request comes from another origin than security.cors_origins allows")
            state["caller"] = await self._caller(headers, address)
            if not state["caller"].scopes and not scope["path"].startswith(_OPEN):
                state["caller"].needs("read")
            self._rates.count(state["caller"], settings.limits.rate)
            _demand_type(scope, headers)
        elif scope["type"] == "websocket":
            self._rates.count(state["caller"], settings.limits.rate)  # each may try a key
        return await self.app(scope, receive, send)

    async def _caller(self, headers: Headers, address: str) -> Caller:
        settings = self.services.settings
        secret = offered_key(headers)
        if secret is None:
            return anonymous(address, settings)
        found = await check_key(secret, self.services)
        if found is None:
            self._rates.count(Caller(client=address), settings.limits.rate)
            raise Problem("unauthenticated", "the key is unknown or was revoked")
        return found


async def check_key(secret: str, services: Services) -> Caller | None:
    """Return who holds a key; ``None`` if nobody does. The database is asked in a thread."""
    row = await run_in_threadpool(services.storage.keys.verify, secret) if len(secret) <= 256 else None
    return None if row is None else holder(row)


class Rates:
    """Counts the requests of each caller."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._parsed: dict[str, list[RateLimitItem]] = {}

    def count(self, caller: Caller, usual: str) -> None:
        """Count a request.

        Args:
            caller: Whose it is; the rate of a key has precedence.
            usual: The rate of the rest, such as ``600/minute``.

        Raises:
            Problem: ``rate_limited``, which says when to come back.
        """
        text = caller.rate or usual
        rates = self._parsed.get(text)
        if rates is None:
            rates = self._parsed[text] = parse_many(text)
        for rate in rates:
            if not self._limiter.hit(rate, caller.client):
                again = self._limiter.get_window_stats(rate, caller.client).reset_time - time.time()
                raise busy(again, f"the rate of {rate} is used up", "rate_limited")


def _demand_type(scope: Scope, headers: Headers) -> None:
    """Refuse bodies that the address does not take, before they are read."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = _FILES if scope["path"] == "/v1/avatars/file" else _JSON
    if given not in taken:
        raise Problem("unsupported_media_type", f"send {taken[0]}")


def _guarded(path: str) -> bool:
    return path.startswith("/v1/") or path == "/metrics"
