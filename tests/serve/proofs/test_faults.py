"""What breaks under a running server says so to its client, and leaves a server that works."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from aetherist.graphs.sources import shipped_models
from tests.serve.proofs.problems import is_problem
from tests.serve.proofs.serving import Served, serving, until

SEEDS = count(1)
ROOM = 32 * 2**20

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Give a folder a disk of its own, of little room, where that is allowed; return whether it is so."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    mounted = (
        shutil.which("mount") is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with little room and, beside a sound model, a damaged one."""
    folder = tmp_path_factory.mktemp("faults")
    damaged = folder / "damaged"
    shutil.copytree(shipped_models() / "portrait", damaged)
    weights = damaged / "mapping.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100] + bytes(100))
    with small_disk(folder / "data") as small:
        room = () if small else (f"storage.quota_bytes={ROOM // 8}",)
        options = ("limits.rate=1000000/minute", "limits.deadline_seconds=90", *room)
        with serving(folder / "data", f"--model=damaged={damaged}", *options) as it:
            yield it


@pytest.fixture(autouse=True)
def healthy_afterwards(server: Served) -> Iterator[None]:
    yield
    until(server.healthy)


def pictures(server: Served, seeds: int) -> httpx2.Response:
    return server.client.post("/v1/generate", json={"seeds": f"{seeds}", "size": 512})


def file_of(server: Served, digest: str) -> Path:
    return next(path for path in (server.folder / "artifacts").rglob("*") if path.is_file() and digest[4:] in path.name)


@contextlib.contextmanager
def stopped(server: Served) -> Iterator[None]:
    """Have the worker hang."""
    pid = server.worker()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_damaged_model_is_named_and_the_others_are_served(server: Served) -> None:
    answer = server.client.get("/v1/models/damaged")
    is_problem(answer, "model_unavailable")
    is_problem(server.client.get("/v1/models/damaged/seeds/1.png"), "model_unavailable")
    assert [model["name"] for model in server.client.get("/v1/models").json()["items"]] == ["tiny"]


def test_a_worker_that_is_killed_is_another_one_soon(server: Served) -> None:
    before = server.worker()
    os.kill(before["pid"], signal.SIGKILL)
    answer = server.picture(next(SEEDS))
    assert answer.status_code == 200, "it waits for the next worker"
    after = server.worker()
    assert after["pid"] != before["pid"]
    assert after["restarts"] == before["restarts"] + 1


@linux
def test_a_worker_without_memory_refuses_what_is_too_large_and_goes_on(server: Served) -> None:
    server.change(limits__picture_pixels=4096 * 4096)
    worker = server.worker()
    free = resource.prlimit(worker["pid"], resource.RLIMIT_AS)
    room = psutil.Process(worker["pid"]).memory_info().vms + 150 * 2**20
    resource.prlimit(worker["pid"], resource.RLIMIT_AS, (room, free[1]))
    try:
        is_problem(server.picture(next(SEEDS), size=4096, output="image"), "out_of_memory")
        assert server.picture(next(SEEDS)).status_code == 200
    finally:
        resource.prlimit(worker["pid"], resource.RLIMIT_AS, free)
        server.change(limits__picture_pixels=None)
    assert server.worker()["pid"] == worker["pid"]


def test_a_full_queue_says_when_to_come_again_and_what_was_taken_is_done(server: Served) -> None:
    server.change(limits__queue=3)
    with ThreadPoolExecutor(12) as many:
        with stopped(server):
            asked = [many.submit(server.picture, next(SEEDS), size=32) for _ in range(12)]
            until(lambda: sum(each.done() for each in asked) >= 8)
        answers = [each.result() for each in asked]
    server.change(limits__queue=None)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 8 <= len(refused) <= 9, "three wait, and one may be at work"
    for answer in refused:
        is_problem(answer, "busy")
        assert int(answer.headers["retry-after"]) >= 1


def test_what_takes_too_long_ends_at_its_deadline(server: Served) -> None:
    server.change(limits__deadline_seconds=0.2)
    with stopped(server):
        told = is_problem(server.picture(next(SEEDS)), "deadline")
    assert "0.2 seconds" in told["detail"]
    server.change(limits__deadline_seconds=None)


def test_a_locked_database_is_told_and_pictures_are_served_meanwhile(server: Served) -> None:
    body = {"model": "tiny", "person": {"seed": next(SEEDS)}}
    with contextlib.closing(sqlite3.connect(server.folder / "aetherist.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(1) as one:
            waiting = one.submit(server.client.post, "/v1/avatars", json=body)
            assert server.picture(next(SEEDS)).status_code == 200
            answer = waiting.result()
        other.execute("ROLLBACK")
    is_problem(answer, "storage_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert server.client.post("/v1/avatars", json=body).status_code == 201


def test_a_full_disk_is_told_and_pictures_that_are_not_kept_are_served_meanwhile(server: Served) -> None:
    filler = server.folder / "filler"
    left = shutil.disk_usage(server.folder).free
    if left < 2 * ROOM:
        filler.write_bytes(bytes(left - 600_000))
    answer = pictures(server, next(SEEDS))
    for _ in range(200):
        if answer.status_code != 200:
            break
        answer = pictures(server, next(SEEDS))
    is_problem(answer, "storage_full")
    assert server.picture(next(SEEDS)).status_code == 200
    assert server.client.get("/healthz").status_code == 200
    if filler.exists():
        filler.unlink()
        assert pictures(server, next(SEEDS)).status_code == 200


def test_damage_to_what_is_kept_is_told_and_nothing_of_it_is_given(server: Served) -> None:
    made = pictures(server, seed := next(SEEDS)).json()["items"][0]["artifact"]
    path = file_of(server, made["digest"])
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    is_problem(server.client.get(made["url"]), "damaged_artifact")
    path.write_bytes(sound[: len(sound) // 2])
    is_problem(server.client.get(made["url"]), "damaged_artifact")
    assert pictures(server, seed).status_code == 200, "made again, it is whole again"
    assert server.client.get(made["url"]).content == sound


def test_an_avatar_whose_file_is_damaged_says_so_and_the_others_are_shown(server: Served) -> None:
    ids = []
    for _ in range(2):
        body = {"model": "tiny", "person": {"seed": next(SEEDS)}}
        ids.append(server.client.post("/v1/avatars", json=body).json()["id"])
    digest = server.client.get(f"/v1/avatars/{ids[0]}/file").headers["etag"].strip('"')
    path = file_of(server, digest)
    path.write_bytes(path.read_bytes()[:-10] + bytes(10))
    is_problem(server.client.get(f"/v1/avatars/{ids[0]}/file"), "damaged_artifact")
    is_problem(server.client.get(f"/v1/avatars/{ids[0]}/picture.png"), "damaged_artifact")
    assert server.client.get(f"/v1/avatars/{ids[1]}/picture.png?output=raw").status_code == 200
    path.unlink()
    answer: Any = server.client.get(f"/v1/avatars/{ids[0]}/file")
    assert 400 <= answer.status_code < 600
    assert answer.headers["content-type"] == "application/problem+json"
