"""A conversation about one view: the newest is drawn, small while it moves and whole at rest."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from aetherist.serve.engine import Busy
from aetherist.serve.failures import invalid, problem_of
from aetherist.serve.people import model_name, person_of, picture_of
from aetherist.serve.pictures import drawn
from aetherist.serve.problems import Problem
from aetherist.serve.schemas.pictures import Look
from aetherist.serve.schemas.viewing import Hello, ViewMessage
from aetherist.serve.security import Caller
from aetherist.serve.security.gate import check_key
from aetherist.serve.security.hosts import own_origin
from aetherist.serve.services import Services

HELLO_SECONDS = 10.0
"""How long a connection may be silent before it says who it is."""

LONGEST = 64 * 1024
"""Characters of a message."""

PATIENCE = 5
"""How often a busy engine is asked again for a view."""

UNAUTHENTICATED, FOREIGN, REFUSED, TOO_LONG, FULL = 4401, 4403, 4400, 1009, 1013

_numbers = itertools.count()


class View:
    """One client's view.

    Args:
        socket: Not accepted yet: it always is, since browsers show a code only of a connection that was made.
    """

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.services: Services = socket.app.state.services
        self.hello: Hello
        self.model: str
        self.caller: Caller
        self._newest: ViewMessage | None = None
        self._news = asyncio.Event()
        self._drawing: asyncio.Task[None] | None = None
        self._at_rest = False
        self._files: dict[str, bytes] = {}

    async def run(self) -> None:
        """Talk until either side leaves."""
        await self.socket.accept()
        gauge = self.services.metrics.websocket_connections
        if self.services.viewers >= self.services.settings.limits.websocket_connections:
            return await self.socket.close(FULL, "too many viewers")
        self.services.viewers += 1
        gauge.inc()
        try:
            if await self._greeted():
                await self._talk()
        except WebSocketDisconnect:
            pass
        finally:
            self.services.viewers -= 1
            gauge.dec()
        return None

    # Greeting ---------------------------------------------------------------------------------------------------------

    async def _greeted(self) -> bool:
        """Return whether the client said who it is and may be here; else the connection is closed."""
        headers, settings = self.socket.headers, self.services.settings
        origin = headers.get("origin")
        if origin is not None and not own_origin(origin, headers.get("host", ""), settings):
            await self.socket.close(FOREIGN, "another origin")
            return False
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                self.hello = _parsed(Hello, await self._heard())
        except TimeoutError:
            await self.socket.close(REFUSED, "no hello")
            return False
        except Problem as problem:
            await self._tell(problem)
            await self.socket.close(REFUSED, "no hello")
            return False
        caller: Caller = self.socket.state.caller
        if self.hello.key is not None:
            found = await check_key(self.hello.key, self.services)
            caller = found or Caller(client=caller.client)
        if not caller.may("generate"):
            await self.socket.close(UNAUTHENTICATED, "a key with the scope generate is needed")
            return False
        # Each view is a client of its own: two of one machine must not wait for each other.
        self.caller = Caller(f"{caller.client}#{next(_numbers)}", caller.key_id, caller.scopes)
        try:
            self.model = model_name(self.hello.model, self.services)
        except Problem as problem:
            await self._tell(problem)
            await self.socket.close(REFUSED, "unknown model")
            return False
        await self.socket.send_text(json.dumps({"type": "ready", "model": self.model}))
        return True

    # Talking ----------------------------------------------------------------------------------------------------------

    async def _talk(self) -> None:
        drawer = asyncio.create_task(self._draw_newest())
        try:
            while True:
                await self._hear()
        finally:
            drawer.cancel()
            # It may be at sending to a client that is gone.
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await drawer

    async def _hear(self) -> None:
        try:
            message = _parsed(ViewMessage, await self._heard())
        except Problem as problem:
            return await self._tell(problem)
        if self._newest is not None:
            self.services.metrics.frames.labels("skipped").inc()
        self._newest = message
        self._news.set()
        if self._drawing is not None and self._at_rest:
            self._drawing.cancel()  # nobody looks at it any more, and it is the slow kind
        return None

    async def _heard(self) -> str:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000), message.get("reason"))
        text: str | None = message.get("text")
        if text is None or len(text) > LONGEST:
            await self.socket.close(TOO_LONG if text else REFUSED, "messages are short texts")
            raise WebSocketDisconnect(REFUSED)
        return text

    async def _draw_newest(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            view, self._newest = self._newest, None
            if view is None:
                continue
            self._at_rest = not view.moving
            self._drawing = drawing = asyncio.create_task(self._draw(view))
            try:
                await asyncio.wait([drawing])  # whether it is drawn, or given up for a newer one
            finally:
                drawing.cancel()
                self._drawing = None
            if drawing.cancelled():
                self.services.metrics.frames.labels("skipped").inc()
            else:
                drawing.result()

    async def _draw(self, view: ViewMessage) -> None:
        began = time.perf_counter()
        output = "raw" if view.moving and view.output == "image" else view.output
        quality = self.hello.quality or (None if self.hello.format == "png" else 75 if view.moving else 92)
        look = Look(output=output, size=view.size, format=self.hello.format, quality=quality)
        try:
            person = await person_of(view.person, self.services, self.model, self._files)
            work = picture_of(self.model, person, view.camera, look, self.services)
            picture = await self._patiently(work)
        except Exception as error:
            problem = problem_of(error)
            self.services.metrics.errors.labels(problem.code).inc()
            if problem.code == "internal":
                self.services.log.exception("a view failed")
            return await self._tell(problem, view.id)
        header = {
            "id": view.id,
            "width": picture.width,
            "height": picture.height,
            "moving": view.moving,
            "output": output,
            "milliseconds": round((time.perf_counter() - began) * 1000, 1),
        }
        text = json.dumps(header).encode()
        await self.socket.send_bytes(len(text).to_bytes(4, "big") + text + picture.data)
        self.services.metrics.frames.labels("sent").inc()
        return None

    async def _patiently(self, work: Any) -> Any:
        """Ask again while the engine is busy and nothing newer is there to be shown."""
        for attempt in itertools.count(1):
            try:
                return await drawn(work, self.services, self.caller, "view")
            except Busy as busy:
                if attempt >= PATIENCE or self._newest is not None:
                    raise
                await asyncio.sleep(min(busy.retry_after, 0.5))
        raise AssertionError

    async def _tell(self, problem: Problem, id_: int | None = None) -> None:
        told = problem.to_dict(request_id=self.socket.state.request_id)
        await self.socket.send_text(json.dumps(told | {"type": "problem", "id": id_}))


_Message = TypeVar("_Message", bound=BaseModel)


def _parsed(kind: type[_Message], text: str) -> _Message:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise invalid(error.errors()) from None
