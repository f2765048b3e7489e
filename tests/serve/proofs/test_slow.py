"""Slow clients: many of them hold nobody up, and none holds a connection for ever."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aetherist.serve.app import create_app
from aetherist.serve.security.slow import BoundedProtocol
from aetherist.serve.server import GatewayServer, _Held, attached, bind
from tests.serve.conftest import Idle, settings

PATIENCE = 0.5
PICTURE = b"p" * 20_000_000


class Large(Idle):
    """An engine whose pictures are larger than what a connection buffers."""

    async def submit(self, work: Any, *, client: str, **options: Any) -> Any:
        from aetherist.serve.engine import Encoded

        given = await super().submit(work, client=client, **options)
        return Encoded(PICTURE, "image/png", 4, 4) if isinstance(given, Encoded) else given


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A server on a socket, in a thread, that is soon out of patience."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for name in ("HEAD", "BODY", "READ"):
            patch.setattr(BoundedProtocol, name, PATIENCE)
        listening = stack.enter_context(bind("127.0.0.1", 0, asked=True))
        folder: Path = tmp_path_factory.mktemp("slow")
        config = settings(folder, limits={"rate": "100000/minute"}, server={"drain_seconds": 1})
        engine: Any = Large()
        app = create_app(config, engine=engine)
        stack.enter_context(attached(config, app.state.services))
        ready = threading.Event()
        server = GatewayServer(_Held(app), config, app.state.services, lambda *_: ready.set())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            assert ready.wait(30)
            yield listening.getsockname()[:2]
        finally:
            server.should_exit = True
            thread.join()


def answers(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200


def closed(connection: socket.socket) -> bool:
    """Return whether the server closes a connection, with or without a word."""
    connection.settimeout(20)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


REQUEST = b"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /rea",
        REQUEST + b"X-A: b\r\n",
        REQUEST + b"Content-Length: 100\r\n\r\n{",
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
    ids=["nothing", "half a line", "half of the headers", "half a body", "half of the chunks"],
)
def test_two_hundred_that_stop_in_the_middle_hold_nobody_up_and_are_left(address: tuple[str, int], said: bytes) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(200)]
        for connection in slow:
            connection.sendall(said)
        assert answers(address)
        assert all(closed(connection) for connection in slow)
    assert answers(address)


def test_a_letter_now_and_then_does_not_help(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        end = time.monotonic() + 20
        with contextlib.suppress(ConnectionError):
            for letter in REQUEST * 10:
                connection.sendall(bytes([letter]))
                time.sleep(0.02)
                assert time.monotonic() < end, "it listened on"
        assert closed(connection)


def test_a_second_request_has_its_own_time(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=20)
    with contextlib.closing(connection):
        for _ in range(4):
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            assert connection.getresponse().read()
            time.sleep(PATIENCE / 2)


def test_who_does_not_read_is_left_and_who_reads_has_it_all(address: tuple[str, int]) -> None:
    asked = b"GET /v1/models/tiny/seeds/%d.png HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as stack:
        deaf = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(5)]
        for seed, connection in enumerate(deaf):
            connection.sendall(asked % seed)
        reader = http.client.HTTPConnection(*address, timeout=20)
        with contextlib.closing(reader):
            reader.request("GET", "/v1/models/tiny/seeds/9.png", headers={"Host": "localhost"})
            assert reader.getresponse().read() == PICTURE
        time.sleep(2 * PATIENCE)
        for connection in deaf:
            got = 0
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(1 << 20):
                    got += len(part)
            assert 0 < got < len(PICTURE)
