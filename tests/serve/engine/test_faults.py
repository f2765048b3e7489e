"""What breaks says so, takes nothing else with it, and leaves an engine that works."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from aetherist.graphs.sources import shipped_models
from aetherist.serve.engine import Describe, ModelUnavailable, OutOfMemory, Person, Picture, Stopped, Video, WorkerLost
from aetherist.serve.engine.messages import Do
from tests.serve.engine.running import PATIENCE, Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    damaged = tmp_path_factory.mktemp("models") / "damaged"
    shutil.copytree(shipped_models() / "portrait", damaged)
    weights = damaged / "mapping.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100] + bytes(100))
    sources = {"tiny": "tiny", "damaged": str(damaged), "missing": str(damaged / "nowhere")}
    limits = {"picture_pixels": 10**9, "deadline_seconds": 240}
    with running(tmp_path_factory.mktemp("scratch"), models={"sources": sources}, limits=limits) as it:
        it.wait(it.engine.ready)
        yield it


def shot(seed: int = 1, **more: Any) -> Picture:
    return Picture("tiny", Person(seed=seed), **{"output": "raw"} | more)


def restarts(server: Running) -> int:
    return server.engine.state().workers[0].restarts


@pytest.mark.parametrize("name", ["damaged", "missing"])
def test_a_model_that_cannot_be_loaded_is_refused_and_the_others_go_on(server: Running, name: str) -> None:
    def state() -> Any:
        return next(model for model in server.engine.state().workers[0].models if model.name == name)

    server.wait(lambda: state().status == "refused")
    assert state().error
    with pytest.raises(ModelUnavailable, match="log says why") as error:
        server.ask(Describe(name))
    assert "/" not in str(error.value), "where files are is nobody's business"
    assert server.ask(shot())


def test_what_was_being_worked_on_when_the_worker_was_killed_is_done_all_the_same(server: Running) -> None:
    before = restarts(server)
    begun: list[float] = []
    video = Video("tiny", (Person(seed=1),), frames=40, output="raw")
    future = server.send(video, progress=lambda share, _: begun.append(share))
    server.wait(lambda: len(begun) > 2)
    os.kill(server.pid(), signal.SIGKILL)
    server.wait(lambda: not server.engine.ready())
    assert future.result(PATIENCE).facts["frames"] == 40
    assert server.engine.scratch is not None
    assert [path.name for path in server.engine.scratch.iterdir()] == [Path(future.result().path).name]
    assert restarts(server) == before + 1
    assert server.engine.ready()


def test_what_kills_the_worker_fails_alone(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = server.engine.dispatch.workers[0]
    send = worker.send

    def poisoned(message: Any) -> None:
        send(message)
        if isinstance(message, Do) and any(
            getattr(work, "person", None) == Person(seed=666) for _, work in message.items
        ):
            worker.kill()

    monkeypatch.setattr(worker, "send", poisoned)
    server.freeze()
    first = server.send(shot(1))
    server.wait(lambda: server.engine.dispatch.flying)
    waiting = [server.send(shot(seed), f"client {seed}") for seed in (2, 666, 3)]
    server.wait(lambda: server.engine.state().waiting["interactive"] == 3)
    os.kill(server.pid(), signal.SIGCONT)
    with pytest.raises(WorkerLost, match="died twice"):
        waiting[1].result(PATIENCE)
    assert all(future.result(PATIENCE).data for future in (first, waiting[0], waiting[2]))
    assert server.engine.state().clients == {}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_what_has_no_room_in_memory_says_so_and_the_worker_goes_on(server: Running) -> None:
    server.wait(server.engine.ready)
    pid, before = server.pid(), restarts(server)
    free = resource.prlimit(pid, resource.RLIMIT_AS)
    room = psutil.Process(pid).memory_info().vms + 300 * 2**20
    resource.prlimit(pid, resource.RLIMIT_AS, (room, free[1]))
    with pytest.raises(OutOfMemory, match="more memory than there is"):
        server.ask(shot(size=8192))
    resource.prlimit(pid, resource.RLIMIT_AS, free)
    assert server.ask(shot(seed=5))
    assert restarts(server) == before


def test_a_stopping_engine_does_what_it_has_and_takes_no_more(server: Running) -> None:
    async def stopping() -> list[Any]:
        import asyncio

        engine = server.engine
        accepted = asyncio.ensure_future(engine.submit(shot(91), client="a"))
        while not engine.dispatch.items():
            await asyncio.sleep(0)
        stop = asyncio.ensure_future(engine.stop(30))
        await asyncio.sleep(0)
        late = await asyncio.gather(engine.submit(shot(92), client="a"), return_exceptions=True)
        await stop
        return [await accepted, *late]

    server.wait(server.engine.ready)
    pid = server.pid()
    made, late = server.call(stopping())
    assert made.data
    assert isinstance(late, Stopped)
    assert not server.engine.ready()
    assert not psutil.pid_exists(pid)


SERVER = """
import asyncio, sys
from pathlib import Path
from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import Engine
from aetherist.serve.live import LiveConfig
from aetherist.telemetry import Metrics

async def main():
    models = {"sources": {"tiny": "tiny"}, "device": "cpu"}
    engine = Engine(LiveConfig(ServerConfig.model_validate({"models": models})), Metrics(), scratch=Path(sys.argv[1]))
    await engine.start()
    while engine.state().workers[0].pid is None:
        await asyncio.sleep(0.01)
    print(engine.state().workers[0].pid, flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_workers_end_when_the_server_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "scratch")],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as server:
        assert server.stdout is not None
        worker = psutil.Process(int(server.stdout.readline()))
        server.kill()
        server.wait()
    until = time.monotonic() + 30
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.02)
