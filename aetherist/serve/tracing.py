"""A span for each request, below the caller's own where it says which."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aetherist.telemetry import continued, span


class Traced:
    """A layer around an application that records its requests; without traces it costs next to nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        with continued(carrier), span("request", **{"http.request.method": scope["method"]}) as current:
            if current is None:
                return await self.app(scope, receive, send)

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route:
                    current.update_name(f"{scope['method']} {route}")
                    current.set_attribute("http.route", route)
                if request_id := scope.get("state", {}).get("request_id"):
                    current.set_attribute("request_id", request_id)
        return None
