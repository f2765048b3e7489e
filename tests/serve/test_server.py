"""A gateway as a process: its address, the word that it is ready, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from aetherist.serve.config import ServerConfig, load
from aetherist.serve.live import LiveConfig
from aetherist.serve.server import PortTaken, attached, bind, run, url_of
from aetherist.telemetry import Metrics


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Leave logging as it was: a server configures that of its whole process."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before


def made(told: list[str], starting: Callable[[], None] = lambda: None) -> Callable[[LiveConfig], FastAPI]:
    """Return what makes an application with the least that a server asks of one; it tells what happens to it."""

    def make(_config: LiveConfig) -> FastAPI:
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            starting()
            yield
            told.append(f"ended, draining {app.state.services.draining}")

        app = FastAPI(lifespan=lifespan)
        events = SimpleNamespace(record=lambda _kind, detail: told.append(f"audit {detail['values']}"))
        app.state.services = SimpleNamespace(
            draining=False,
            metrics=Metrics(),
            jobs=SimpleNamespace(streams=SimpleNamespace(close=lambda: told.append("streams closed"))),
            storage=SimpleNamespace(events=events),
        )

        @app.get("/slow")
        async def slow() -> dict[str, bool]:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.3)
            return {"done": True}

        return app

    return make


def config(tmp_path: Path, text: str = "limits: {queue: 5}") -> LiveConfig:
    file = tmp_path / "gateway.yaml"
    file.write_text(text, encoding="utf-8")
    return LiveConfig(*load(file, flags={"server.port": (0, "--port")}, environ={"AETHERIST_HOME": str(tmp_path)}))


def test_it_says_its_address_when_ready_and_finishes_what_is_at_work_when_told_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    live = config(tmp_path)
    answers: list[str] = []

    def ask(url: str) -> None:
        (tmp_path / "gateway.yaml").write_text("limits: {queue: 6}", encoding="utf-8")
        for _ in range(200):
            if live.current.limits.queue == 6:
                break
            time.sleep(0.05)
        with urllib.request.urlopen(f"{url}/slow", timeout=20) as answer:
            answers.append(answer.read().decode())

    asking: list[threading.Thread] = []

    def ready(url: str, _live: LiveConfig) -> None:
        asking.append(threading.Thread(target=ask, args=(url,)))
        asking[0].start()

    run(live, made(told), ready)
    asking[0].join()
    assert answers == ['{"done":true}']
    change = "audit {'limits.queue': {'before': 5, 'after': 6}}"
    assert told == [change, "streams closed", "ended, draining True"]
    logged = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert {"configuration changed", "draining"} <= {row["event"] for row in logged}


def test_what_keeps_it_from_starting_is_raised_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ValueError("the model folder is damaged: say which")

    with pytest.raises(ValueError, match="the model folder is damaged: say which"):
        run(config(tmp_path), made([], broken))
    assert "Traceback" not in capsys.readouterr().err


def test_an_interrupt_before_it_is_ready_ends_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match="before the gateway was ready"):
        run(config(tmp_path), made([], lambda: signal.raise_signal(signal.SIGINT)))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_skipped_unless_it_was_asked_for(taken: int) -> None:
    with bind("127.0.0.1", taken, asked=False) as made:
        assert taken < made.getsockname()[1] <= taken + 100
    with pytest.raises(PortTaken, match=f"port {taken} of 127.0.0.1 is taken; name another with --port"):
        bind("127.0.0.1", taken, asked=True)


def test_an_address_of_another_machine_is_not_bound() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1:8000 cannot be bound"):
        bind("192.0.2.1", 8000, asked=False)


def test_the_port_that_was_bound_is_the_one_that_is_told() -> None:
    live = LiveConfig(*load(environ={}))
    live.bound(8123)
    assert live.current.server.port == 8123
    assert live.sources.origin("server.port") == "next free port"
    assert url_of(live) == "http://127.0.0.1:8123"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ({"host": "0.0.0.0"}, "http://localhost:8000"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"public_url": "https://faces.example/"}, "https://faces.example"),
    ],
)
def test_the_url_is_one_that_can_be_opened(server: dict[str, Any], url: str) -> None:
    assert url_of(LiveConfig(ServerConfig.model_validate({"server": server}))) == url


def test_changes_are_counted_and_written_to_the_audit() -> None:
    rows: list[tuple[str, dict[str, Any]]] = []
    events = SimpleNamespace(record=lambda kind, detail: rows.append((kind, detail)))
    engine = SimpleNamespace(
        unready=lambda: None, state=lambda: SimpleNamespace(workers=[SimpleNamespace(device="cpu")])
    )
    storage = SimpleNamespace(events=events, healthy=lambda: None)
    services: Any = SimpleNamespace(metrics=Metrics(), storage=storage, engine=engine, draining=False)
    live = LiveConfig(ServerConfig())
    with attached(live, services):
        live.change({"limits.queue": 3}, by="key k1")
        with contextlib.suppress(ValueError):
            live.change({"server.port": 3}, by="key k1")
        seen = services.metrics.render().decode()
    live.change({"limits.queue": 4}, by="nobody listens")
    assert [(kind, row["by"], row["accepted"]) for kind, row in rows] == [
        ("config", "key k1", True),
        ("config", "key k1", False),
    ]
    assert 'aetherist_config_changes_total{outcome="refused"} 1.0' in seen
    assert "aetherist_ready 1.0" in seen
    assert 'aetherist_worker_restarts_total{device="cpu"} 0.0' in seen
    assert 'aetherist_errors_total{code="damaged_artifact"} 0.0' in seen
