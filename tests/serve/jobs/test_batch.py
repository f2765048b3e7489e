"""A batch makes each picture once, whatever interrupts it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Coroutine
from typing import Any

import pytest

from aetherist.serve.engine import OutOfMemory, Refused, WorkerLost
from aetherist.serve.jobs import batch, shooting
from aetherist.storage import DatabaseLocked, QuotaExceeded
from tests.serve.jobs.conftest import Place, until


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def done(place: Place, job: str, status: str = "done") -> Any:
    await until(lambda: place.status(job) not in ("queued", "running"))
    row = place.storage.jobs.get(job)
    assert row.status == status, row.problem
    return row


def test_its_result_is_an_archive_a_manifest_and_the_pictures(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        job = place.queue("batch", seeds="0-1,7", cameras=[{"yaw": -0.4}, {"yaw": 0.4}], attributes={"age": 0.5})
        result = (await done(place, job)).result
        await parts.jobs.stop(1.0)
        archive, manifest, *pictures = result["artifacts"]
        assert (result["pictures"], result["failed"], len(pictures)) == (6, [], 6)
        store = place.storage.artifacts
        rows = [json.loads(line) for line in store.read(manifest["digest"]).splitlines()]
        assert [(row["path"], row["seed"], row["view"]) for row in rows[:3]] == [
            ("seed0000000_view00.png", 0, 0),
            ("seed0000000_view01.png", 0, 1),
            ("seed0000001_view00.png", 1, 0),
        ]
        assert rows[0]["camera"] == {"yaw": -0.4}
        assert rows[0]["attributes"] == {"age": 0.5}
        with zipfile.ZipFile(io.BytesIO(store.read(archive["digest"]))) as file:
            assert file.testzip() is None
            assert file.namelist() == ["manifest.jsonl", *(row["path"] for row in rows)]
            assert file.read("seed0000007_view01.png") == b"picture of 7 from 0.4"
        for row in rows:
            assert store.read(row["sha256"]).startswith(f"picture of {row['seed']}".encode())

    run(story())


def test_one_that_a_crash_interrupts_goes_on_picture_by_picture(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        first = place.services()
        first.config.change({"batching.max_batch": 2}, by="test")
        await first.jobs.start()
        job = place.queue("batch", seeds="0-9")
        await until(lambda: len(first.engine.asked) >= 4)
        first.engine.gate.clear()
        await until(lambda: len(first.engine.asked) % 2 == 0)
        # The process is gone: no release, no last words.
        attempt = first.jobs._attempts[job]
        monkeypatch.setattr(place.storage.jobs, "release", lambda _worker: [])
        attempt.reason = "released"
        attempt.work.cancel()
        await until(lambda: not first.jobs.running)
        assert place.status(job) == "running"
        kept = len(await shooting.Journal(attempt).read())
        assert 2 <= kept < 10
        await first.jobs.stop(0.0)

        second = place.services()
        await second.jobs.start()
        row = await done(place, job)
        assert (row.attempts, row.result["pictures"]) == (2, 10)
        assert len(second.engine.asked) == 10 - kept
        names = [artifact["name"] for artifact in row.result["artifacts"][2:]]
        assert names == [f"seed{seed:07d}.png" for seed in range(10)]
        await second.jobs.stop(1.0)

    run(story())


def test_pictures_that_cannot_be_made_are_named_and_the_others_are_there(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.failing = {3: WorkerLost("the worker died of it, twice"), 4: OutOfMemory("no room")}
        await parts.jobs.start()
        result = (await done(place, place.queue("batch", seeds="0-9", archive=False))).result
        assert result["pictures"] == 8
        assert [(each["name"], each["problem"]["code"]) for each in result["failed"]] == [
            ("seed0000003.png", "worker_lost"),
            ("seed0000004.png", "out_of_memory"),
        ]
        assert result["artifacts"][0]["name"] == "manifest.jsonl"
        parts.engine.failing = {3: WorkerLost("the worker died of it, twice")}
        alone = await done(place, place.queue("batch", seeds="3"), "failed")
        assert alone.problem["code"] == "worker_lost"
        await parts.jobs.stop(1.0)

    run(story())


def test_what_is_wrong_with_all_of_them_ends_it(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.failing = {0: Refused("there is no direction 'agee'; did you mean 'age'?")}
        await parts.jobs.start()
        row = await done(place, place.queue("batch", seeds="0-9", attributes={"agee": 1.0}), "failed")
        assert "did you mean" in row.problem["detail"]
        row = await done(place, place.queue("batch", seeds="9-3"), "failed")
        assert "9-3" in row.problem["detail"]
        await parts.jobs.stop(1.0)

    run(story())


def test_a_long_one_is_named_by_its_manifest_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "LISTED", 3)

    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        row = await done(place, place.queue("batch", seeds="0-3"))
        assert [artifact["media_type"] for artifact in row.result["artifacts"]] == [
            "application/zip",
            "application/jsonl",
        ]
        await parts.jobs.stop(1.0)

    run(story())


def test_a_store_without_room_fails_it_with_words_for_clients(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()

        def full(*_: Any, **__: Any) -> Any:
            raise QuotaExceeded("12 bytes more do not fit in /secret/place")

        monkeypatch.setattr(place.storage.artifacts, "put", full)
        row = await done(place, place.queue("batch", seeds="0-3"), "failed")
        assert row.problem["code"] == "storage_full"
        assert "secret" not in row.problem["detail"]
        await parts.jobs.stop(1.0)

    run(story())


def test_a_store_that_does_not_answer_for_a_moment_is_asked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        parts = place.services(heartbeat_seconds=5)
        await parts.jobs.start()
        real, left = place.storage.artifacts.put, iter(range(2))

        def locked(*args: Any, **options: Any) -> Any:
            if next(left, None) is not None:
                raise DatabaseLocked("another program has held it")
            return real(*args, **options)

        monkeypatch.setattr(place.storage.artifacts, "put", locked)
        await done(place, place.queue("batch", seeds="0-3"))
        await parts.jobs.stop(1.0)

    run(story())


def test_an_archive_in_the_making_ends_with_its_job(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        store, packing = place.storage.artifacts, asyncio.Event()
        loop, real = asyncio.get_running_loop(), store.open

        def slow(digest: str, *args: Any) -> Any:
            loop.call_soon_threadsafe(packing.set)
            attempt.reason or asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result()
            return real(digest, *args)

        store.open = slow  # type: ignore[method-assign]
        job = place.queue("batch", seeds="0-63")
        await until(lambda: parts.jobs._attempts)
        attempt = parts.jobs._attempts[job]
        await packing.wait()
        await parts.jobs.cancel(job)
        await done(place, job, "cancelled")
        await parts.jobs.stop(1.0)
        assert not any(each.media_type == "application/zip" for each in store.referred(job))

    run(story())


def test_the_same_pictures_are_the_same_archive(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        results = [(await done(place, place.queue("batch", seeds="0-3"))).result for _ in range(2)]
        assert results[0]["artifacts"][0]["digest"] == results[1]["artifacts"][0]["digest"]
        await parts.jobs.stop(1.0)

    run(story())
