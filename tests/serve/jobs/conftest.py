"""A server's parts with an engine that does at once what it is told, or waits until it may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import Busy, Encoded, File, Mesh, Picture, RunGraph, Video
from aetherist.serve.jobs import JobRunner
from aetherist.serve.live import LiveConfig
from aetherist.serve.security.signing import Signer
from aetherist.serve.services import Services
from aetherist.serve.usage import UsageMeter
from aetherist.storage import Storage
from aetherist.telemetry import Metrics, get_logger


class FakeEngine:
    """Makes files and pictures of what they are asked for, and remembers what that was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[Any] = []
        self.clients: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.full = 0
        self.given_up = 0
        self.waiting = 0
        self.failing: dict[int, Exception] = {}
        """Errors by seed."""

    async def submit(self, work: Any, *, client: str, lane: str, progress: Any = None) -> Any:
        assert lane == "background"
        if self.full:
            self.full -= 1
            raise Busy("no room", 0.01)
        self.asked.append(work)
        self.clients.append(client)
        number = len(self.asked)  # now: others come while this one waits
        if progress is not None:
            progress(0.5, "half way")
        self.waiting += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self.waiting -= 1
        match work:
            case Picture():
                if work.person.seed in self.failing:
                    raise self.failing[work.person.seed]
                return Encoded(f"picture of {work.person.seed} from {work.yaw}".encode(), "image/png", 64, 64)
            case RunGraph():
                return {"steps": [{"name": "planes", "seconds": 0.1, "outputs": [{"picture": b"\x89PNG planes"}]}]}
        assert isinstance(work, Video | Mesh)
        path = self.folder / f"{number}.{work.format}"
        path.write_bytes(b"file of " + work.format.encode())
        return File(str(path), f"test/{work.format}", {"frames": 3})

    def state(self) -> Any:
        return SimpleNamespace()


class Place:
    """What servers that share a database have in common, and how to start one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage = Storage.open(f"sqlite:///{folder / 'db'}", folder / "artifacts", lock_seconds=0.2)
        self.made: list[Services] = []

    def services(self, **jobs: Any) -> Services:
        """Return the parts of another server."""
        jobs = {"heartbeat_seconds": 0.4, "poll_seconds": 0.02, **jobs}
        settings = ServerConfig.model_validate(
            {"server": {"data_folder": self.folder}, "models": {"sources": {"tiny": "tiny"}}, "jobs": jobs}
        )
        parts = Services(
            config=LiveConfig(settings),
            storage=self.storage,
            engine=FakeEngine(self.folder),  # type: ignore[arg-type]
            metrics=Metrics(),
            log=get_logger("aetherist.serve"),
            usage=UsageMeter(self.storage),
            signer=Signer(b"0" * 32),
        )
        parts.jobs = JobRunner(parts)
        return parts

    def queue(self, kind: str, **request: Any) -> str:
        """Queue a job; return its id."""
        return self.storage.jobs.create(kind, {"model": "tiny", **request}, "key_a")[0].id

    def status(self, job: str) -> str:
        return self.storage.jobs.get(job).status


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.storage.close()


async def until(holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and return it."""
    async with asyncio.timeout(20):
        while not (found := holds()):
            await asyncio.sleep(0.005)
    return found
