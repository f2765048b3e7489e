"""Real servers that are killed and stopped at work: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from aetherist.storage import Storage
from tests.serve.proofs.serving import Served, serving, until

PEOPLE = 120
SETTINGS = (
    "jobs.heartbeat_seconds=1",
    "jobs.poll_seconds=0.05",
    "server.drain_seconds=0",
    "limits.rate=100000/minute",
)


class _KilledError(Exception):
    """The server is gone, and has nothing to say at its end."""


@contextlib.contextmanager
def killed(folder: Path) -> Iterator[Served]:
    """A server that ends by SIGKILL, and its workers with it."""
    with contextlib.suppress(_KilledError), serving(folder, *SETTINGS) as server:
        yield server
        worker = psutil.Process(server.worker()["pid"])
        server.process.kill()
        server.process.wait()
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        raise _KilledError


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[Storage]:
    with Storage.open(f"sqlite:///{folder / 'aetherist.db'}", folder / "artifacts") as storage:
        yield storage


def job(server: Served, id_: str) -> Any:
    return server.client.get(f"/v1/jobs/{id_}").json()


def shots(storage: Storage, id_: str) -> set[int]:
    """The pictures that a batch has noted as kept."""
    found: list[int] = []
    for each in storage.artifacts.referred(id_):
        if each.name == "journal.json":
            found += [shot["key"] for shot in json.loads(storage.artifacts.read(each.digest))["shots"]]
    assert len(found) == len(set(found)), "a picture was made twice"
    return set(found)


@pytest.mark.slow
def test_jobs_outlive_a_kill_and_a_stop(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with killed(folder) as server:
        ask = {"kind": "batch", "seeds": f"0-{PEOPLE - 1}"}
        batch = server.client.post("/v1/jobs", json=ask, headers={"Idempotency-Key": "people"}).json()["id"]
        others = [
            server.client.post("/v1/jobs", json=request).json()["id"]
            for request in (
                {"kind": "video", "people": [{"seed": 1}], "frames": 5},
                {"kind": "mesh", "person": {"seed": 1}, "resolution": 24, "level": 1.5},
                {"kind": "generate", "seeds": "0-3"},
            )
        ]
        until(lambda: job(server, batch)["progress"] > 0.1)
    with kept(folder) as storage:
        row, first = storage.jobs.get(batch), shots(storage, batch)
        assert (row.status, row.attempts) == ("running", 1)
        assert 0 < len(first) < PEOPLE

    with serving(folder, *SETTINGS) as server:
        again = server.client.post("/v1/jobs", json=ask, headers={"Idempotency-Key": "people"})
        assert again.json()["id"] == batch
        for path in (f"/v1/jobs/{batch}/events", "/v1/system/events"):
            with server.client.stream("GET", path) as stream:
                assert next(stream.iter_lines()) == "retry: 2000"
        until(lambda: server.client.get("/v1/system").json()["event_streams"] == 0)
        until(lambda: job(server, batch)["progress"] > 0.4)
        with server.client.stream("GET", f"/v1/jobs/{batch}/events") as stream:
            events = stream.iter_lines()
            assert next(events) == "retry: 2000"
            server.process.terminate()
            assert "event: done" not in list(events)
        assert server.process.wait(60) == 0
    with kept(folder) as storage:
        row, second = storage.jobs.get(batch), shots(storage, batch)
        assert (row.status, row.attempts, row.worker) == ("queued", 1, None)
        assert first < second
        assert len(second) < PEOPLE

    with serving(folder, *SETTINGS) as server:
        until(lambda: all(job(server, id_)["status"] == "done" for id_ in (batch, *others)))
        result = job(server, batch)["result"]
        manifest = next(each for each in result["artifacts"] if each["name"] == "manifest.jsonl")
        rows = [json.loads(line) for line in server.client.get(manifest["url"]).text.splitlines()]
        assert [row["seed"] for row in rows] == list(range(PEOPLE))
        assert job(server, batch)["attempts"] == 2
        assert [job(server, id_)["attempts"] for id_ in others] == [1, 1, 1]
        made = sum(row["count"] for row in server.client.get("/v1/usage?by=operation").json()["items"])
        assert made == 4
    with kept(folder) as storage:
        assert shots(storage, batch) == set(range(PEOPLE))
        assert all(storage.artifacts.read(row["sha256"])[:4] == b"\x89PNG" for row in rows)
        assert storage.healthy() is None
