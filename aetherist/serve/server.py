"""A gateway as a process: its address, what it says when it is ready, how signals stop it, and what it follows."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import attrs
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aetherist.serve.live import Change, LiveConfig
from aetherist.serve.problems import KINDS
from aetherist.serve.security.slow import BoundedProtocol
from aetherist.serve.tracing import Traced
from aetherist.telemetry import configure_logs, configure_traces, get_logger, set_level, stop_traces

if TYPE_CHECKING:
    from aetherist.serve.services import Services

TRIED = 100
"""Ports that are tried after one that is taken."""

KEEP_ALIVE = 65
"""Seconds that an idle connection stays open: longer than the minute of the usual proxies, which reuse it."""


class PortTaken(ValueError):
    """The address that was asked for is in use, or cannot be bound."""


def bind(host: str, port: int, asked: bool) -> socket.socket:
    """Return a listening socket on the port, or on the next free one unless the port was asked for.

    Raises:
        PortTaken: If there is none; says what to do.
    """
    last = port if asked or port == 0 else min(port + TRIED, 65535)
    for number in range(port, last + 1):
        try:
            return _listening(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortTaken(f"{host}:{number} cannot be bound: {error.strerror or error}") from None
    if asked:
        raise PortTaken(f"port {port} of {host} is taken; name another with --port, or none for the next free one")
    raise PortTaken(f"ports {port} to {last} of {host} are taken; name one with --port")


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1024)  # at once: two that are bound and do not listen yet may share a port
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def run(
    config: LiveConfig, make: Callable[[LiveConfig], Any], ready: Callable[[str, LiveConfig], None] | None = None
) -> None:
    """Serve until a signal ends it, then finish what is at work.

    Args:
        config: What the gateway is told; its port becomes the one that was bound.
        make: Makes the application, with ``state.services``.
        ready: Called with the URL once requests are answered.

    Raises:
        PortTaken: If the address cannot be had.
        Exception: What the application says when it cannot start.
    """
    settings = config.current
    listening = bind(settings.server.host, settings.server.port, config.sources.given("server.port"))
    with contextlib.ExitStack() as stack:
        stack.callback(listening.close)
        config.bound(listening.getsockname()[1])
        settings = config.current
        configure_logs(settings.telemetry.logs, settings.telemetry.level)
        if settings.telemetry.traces:
            configure_traces(settings.telemetry.traces)
            stack.callback(stop_traces)
        app = make(config)
        stack.enter_context(attached(config, app.state.services))
        held = _Held(Traced(app))
        GatewayServer(held, config, app.state.services, ready).run(sockets=[listening])


def url_of(config: LiveConfig) -> str:
    """Return what a person on this machine calls the gateway."""
    server = config.current.server
    if server.public_url:
        return server.public_url
    host = "localhost" if server.host in ("0.0.0.0", "::", "") else server.host
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


@contextlib.contextmanager
def attached(config: LiveConfig, services: Services) -> Iterator[None]:
    """Let changes of the configuration reach the logs' level, the metrics and the audit; keep some gauges right."""

    def tell(change: Change) -> None:
        services.metrics.config_changes.labels("accepted" if change.accepted else "refused").inc()
        services.storage.events.record("config", detail=change.to_dict())

    metrics = services.metrics
    for code in KINDS:
        metrics.errors.labels(code)  # a count that begins at its first error shows no rise
    for outcome in ("accepted", "refused"):
        metrics.config_changes.labels(outcome)

    def look() -> None:
        for worker in services.engine.state().workers:
            metrics.restarts.labels(worker.device)
        healthy = not services.draining and services.engine.unready() is None and services.storage.healthy() is None
        metrics.ready.set(healthy)

    end = config.watch("telemetry.level", lambda now: set_level(now.telemetry.level))
    before, config.audit = config.audit, tell
    metrics.before_render.append(look)
    try:
        yield
    finally:
        end()
        metrics.before_render.remove(look)
        config.audit = before


class GatewayServer(uvicorn.Server):
    """Uvicorn, which ends well: the first signal drains, the second gives up; the exit is no crash."""

    def __init__(
        self,
        app: _Held,
        config: LiveConfig,
        services: Services,
        ready: Callable[[str, LiveConfig], None] | None = None,
    ) -> None:
        settings = config.current
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,  # the application logs its requests, with what it knows of them
                server_header=False,
                proxy_headers=bool(settings.server.forwarded_allow_ips),
                forwarded_allow_ips=settings.server.forwarded_allow_ips or None,
                timeout_graceful_shutdown=round(settings.server.drain_seconds),
                timeout_keep_alive=KEEP_ALIVE,
                http=BoundedProtocol,
                ws="websockets-sansio",
                ws_max_size=256 * 1024,
            )
        )
        self._app, self._live, self._services, self._ready = app, config, services, ready
        self._log = get_logger("serve")
        self._following: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application and answer; what keeps it from starting is raised as it is."""
        try:
            await super().startup(sockets=sockets)
        except SystemExit:
            raise self._app.error or RuntimeError("the gateway could not start") from None
        self._following = asyncio.create_task(self._live.follow())
        if self._ready is not None and not self.should_exit:
            self._ready(url_of(self._live), self._live)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, say so, end the streams that would never end, and finish what is at work."""
        self._log.info("draining", seconds=self._live.current.server.drain_seconds)
        self._services.draining = True
        if self._services.jobs is not None:
            self._services.jobs.streams.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals, and do not raise them again at the end: a drained gateway has done what it was told."""
        try:
            before = {number: signal.signal(number, self.handle_exit) for number in uvicorn.server.HANDLED_SIGNALS}
        except ValueError:  # not in the main thread, where signals do not arrive
            before = {}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, _number: int, _frame: FrameType | None) -> None:
        """Drain at the first signal; at the second, or before there is anything to drain, give up."""
        if not self.started:
            raise KeyboardInterrupt("interrupted before the gateway was ready")
        self.force_exit = self.should_exit
        self.should_exit = True


@attrs.define
class _Held:
    """The application, and what its start failed of, which uvicorn would print as a traceback."""

    app: ASGIApp
    error: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "lifespan":
            return await self.app(scope, receive, send)

        async def brief(message: Message) -> None:
            await send({**message, "message": ""} if message["type"].endswith(".failed") else message)

        try:
            return await self.app(scope, receive, brief)
        except BaseException as error:
            self.error = error
            raise
