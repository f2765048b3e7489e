"""The greatest body that is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aetherist.serve.problems import Problem
from aetherist.serve.services import Services


class BodyCap:
    """Ends a request whose body grows over ``limits.body_bytes``, whatever length it announces.

    The application behind would parse or spool the body and answer what it makes of a broken one, so it is told that
    the client is gone, and the answer is ours.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app, self.services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = self.services.settings.limits.body_bytes
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal():
            raise Problem("bad_request", "Content-Length is no number")
        if int(announced) > most:
            raise _too_large(most)
        got, over, answered = 0, False, False

        async def counted() -> Message:
            nonlocal got, over
            message = await receive()
            if message["type"] == "http.request":
                got += len(message.get("body", b""))
                if got > most:
                    over = True
                    return {"type": "http.disconnect"}
            return message

        async def ours(message: Message) -> None:
            nonlocal answered
            if over and not answered:
                return
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, ours)
        except Exception:
            if not over or answered:
                raise
        if over and not answered:
            raise _too_large(most)
        return None


def _too_large(most: int) -> Problem:
    return Problem("too_large", f"the body may have {most} bytes", headers={"Connection": "close"})
