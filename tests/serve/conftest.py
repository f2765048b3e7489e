"""Gateways for tests: one with a real worker for all of them, and small ones that compute nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from aetherist.serve.app import create_app
from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import CheckRecipe, Describe, Encoded, Made, MakeAvatar
from aetherist.serve.live import LiveConfig
from aetherist.telemetry import configure_logs

HERE = "http://127.0.0.1:8000"
VIEW = "ws://127.0.0.1:8000/v1/view"


def settings(folder: Path, **sections: Any) -> LiveConfig:
    """Settings of a gateway that keeps its things in a folder and serves `tiny`."""
    given = {"models": {"sources": {"tiny": "tiny"}, "device": "cpu", "threads": 1}, **sections}
    given["server"] = {"data_folder": folder, **sections.get("server", {})}
    return LiveConfig(ServerConfig.model_validate(given))


@pytest.fixture(scope="session", autouse=True)
def logs() -> Iterator[io.StringIO]:
    """What gateways log, as JSON."""
    stream = io.StringIO()
    configure_logs("json", "info", stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A whole gateway with a worker, where no key is needed."""
    app = create_app(settings(tmp_path_factory.mktemp("gateway"), limits={"rate": "100000/minute"}))
    with TestClient(app, base_url=HERE) as client:
        until = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < until, client.get("/readyz").text
            time.sleep(0.05)
        yield client


class Idle:
    """An engine that computes nothing: every picture is the same bytes."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.raises: Exception | None = None
        self.described: dict[str, Any] = {
            "digest": "0" * 64,
            "editable": False,
            "field": True,
            "directions": [],
            "outputs": ["image", "raw"],
            "steps": {"generate": ["styles", "planes", "view"], "show": ["planes", "view"]},
        }

    async def start(self) -> None: ...

    async def stop(self, drain: float = 0.0) -> None: ...

    def ready(self) -> bool:
        return True

    def unready(self) -> str | None:
        return None

    async def submit(self, work: Any, *, client: str, **_: Any) -> Any:
        self.asked.append((client, work))
        if self.raises is not None:
            raise self.raises
        match work:
            case Describe():
                return dict(self.described)
            case CheckRecipe():
                return {"ok": True, "diagnostics": [], "graphs": []}
            case MakeAvatar():
                return Made(b"file", "1" * 64, work.person.seed, 1.0, {})
        return Encoded(b"picture", "image/png", 4, 4)

    async def submit_many(self, works: Any, *, client: str, **_: Any) -> list[Any]:
        return [await self.submit(work, client=client) for work in works]


Small = Callable[..., TestClient]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """Makes gateways without workers: ``small(security={"keys": "required"})``."""
    made: list[TestClient] = []

    def make(**sections: Any) -> TestClient:
        engine: Any = Idle()
        app = create_app(settings(tmp_path, **sections), engine=engine)
        made.append(TestClient(app, base_url=HERE))
        return made[-1]

    yield make
    for client in made:
        client.close()
        client.app.state.services.storage.close()  # type: ignore[attr-defined]


def services(client: TestClient) -> Any:
    """What a gateway works with."""
    return client.app.state.services  # type: ignore[attr-defined]


def key(client: TestClient, *scopes: str, rate: str | None = None) -> dict[str, str]:
    """Headers with a new key."""
    _, secret = services(client).storage.keys.create("test", scopes, rate)
    return {"Authorization": f"Bearer {secret}"}
