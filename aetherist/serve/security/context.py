"""Around every request: its id, its log line, its count, its headers, and the answer when something breaks."""

from __future__ import annotations

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aetherist.serve.failures import problem_of
from aetherist.serve.security.headers import secure_headers
from aetherist.serve.services import Services

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/healthz", "/readyz", "/metrics", "/assets/")


class RequestContext:
    """The outermost layer. Whatever is raised within becomes a problem; no traceback leaves the server."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app, self.services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status, started = time.perf_counter(), 0, False

        async def dressed(message: Message) -> None:
            nonlocal status, started
            if message["type"] in ("http.response.start", "websocket.accept"):
                started = True
                status = message.get("status", 101)
                headers = MutableHeaders(scope=message) if "headers" in message else MutableHeaders(raw=[])
                headers["X-Request-ID"] = request_id
                for name, value in secure_headers(self.services.settings).items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        log = self.services.log.bind(request_id=request_id)
        try:
            await self.app(scope, receive, dressed)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            problem = problem_of(error)
            if problem.code == "internal":
                log.exception("a request failed", path=scope["path"])
            if started:
                raise  # half an answer cannot be mended: the connection ends
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
            else:
                await problem.response(scope)(scope, receive, dressed)
        self._note(scope, status, time.perf_counter() - began, log)
        return None

    def _note(self, scope: Scope, status: int, seconds: float, log: object) -> None:
        """Log and count a request that is over."""


def _request_id(given: str) -> str:
    return given if _ID.fullmatch(given) else uuid.uuid4().hex
