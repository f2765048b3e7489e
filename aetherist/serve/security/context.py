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
from aetherist.telemetry import bound

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

        with bound(request_id=request_id):
            try:
                await self.app(scope, receive, dressed)
            except ClientDisconnect:
                status = status or 499
            except Exception as error:
                problem = problem_of(error)
                self.services.metrics.errors.labels(problem.code).inc()
                if problem.status >= 500:
                    self.services.log.exception("request failed", path=scope["path"], code=problem.code)
                if started:
                    raise  # half an answer cannot be mended: the connection ends
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
                else:
                    await problem.response(scope)(scope, receive, dressed)
            if scope["type"] == "http":
                self._note(scope, status, time.perf_counter() - began)
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Log and count a request that is over."""
        method, path = scope["method"], scope["path"]
        route = getattr(scope.get("route"), "path_format", None) or "other"
        self.services.metrics.requests.labels(method, route, str(status)).inc()
        self.services.metrics.request_seconds.labels(method, route).observe(seconds)
        caller = scope["state"].get("caller")
        say = self.services.log.debug if path.startswith(_QUIET) else self.services.log.info
        say(
            "request",
            method=method,
            path=path,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            client=caller.client if caller else None,
        )


def _request_id(given: str) -> str:
    return given if _ID.fullmatch(given) else uuid.uuid4().hex
