"""Jobs are taken, done once, and lost with no server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from aetherist.serve.engine import Failed, Stopped, WorkerLost
from aetherist.storage import DatabaseLocked
from aetherist.storage.database import now
from tests.serve.jobs.conftest import Place, until


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_a_job_is_done_and_its_files_are_kept(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        job = place.queue("video", people=[{"seed": 7}], frames=12)
        await until(lambda: place.status(job) == "done")
        row = place.storage.jobs.get(job)
        (file,) = row.result["artifacts"]
        assert place.storage.artifacts.read(file["digest"]) == b"file of mp4"
        assert (file["name"], file["media_type"], file["size"]) == ("tiny-sway.mp4", "test/mp4", 11)
        assert (row.result["frames"], row.progress, row.attempts) == (3, 1.0, 1)
        assert parts.engine.asked[0].frames == 12
        assert parts.engine.clients == ["key_a"]
        assert list(place.folder.glob("*.mp4")) == []
        await parts.jobs.stop(1.0)
        parts.usage.flush()
        (used,) = place.storage.usage.report()
        assert (used["model"], used["key_id"], used["operation"]) == ("tiny", "key_a", "job.video")
        assert (used["count"], used["pictures"], used["errors"]) == (1, 12, 0)

    run(story())


def test_as_many_are_at_work_as_the_settings_say_and_that_may_change(place: Place) -> None:
    async def story() -> None:
        parts = place.services(concurrency=2)
        parts.engine.gate.clear()
        await parts.jobs.start()
        for seed in range(4):
            place.queue("mesh", person={"seed": seed})
        await until(lambda: len(parts.jobs.running) == 2)
        await asyncio.sleep(0.1)
        assert len(parts.engine.asked) == 2
        parts.config.change({"jobs.concurrency": 3}, by="test")
        await until(lambda: len(parts.engine.asked) == 3)
        parts.engine.gate.set()
        await until(lambda: place.storage.jobs.counts()["done"] == 4)
        assert [work.person.seed for work in parts.engine.asked] == [0, 1, 2, 3]
        await parts.jobs.stop(1.0)

    run(story())


def test_progress_is_written_down_and_never_goes_back(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        await parts.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        await until(lambda: place.storage.jobs.get(job).progress > 0)
        row = place.storage.jobs.get(job)
        assert 0.4 < row.progress < 0.6
        assert row.message == "half way"
        attempt = parts.jobs._attempts[job]
        attempt.progress(0.1, "again")
        assert attempt.fraction == row.progress
        parts.engine.gate.set()
        await parts.jobs.stop(1.0)
        assert place.status(job) == "done"

    run(story())


def test_a_job_that_fails_says_why_without_internals(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.failing = {1: WorkerLost("the worker died of it, twice"), 2: Failed("line 5 of secret.py")}
        await parts.jobs.start()
        lost = place.queue("generate", people=[{"seed": 1}])
        broken = place.queue("generate", people=[{"seed": 2}])
        strange = place.storage.jobs.create("generate", {"future": True})[0].id
        unknown = place.queue("generate", people=[{"id": "av_nobody"}])
        await until(lambda: place.storage.jobs.counts()["failed"] == 4)
        problem = place.storage.jobs.get(lost).problem
        assert (problem["code"], problem["detail"]) == ("worker_lost", "the worker died of it, twice")
        assert "secret" not in str(place.storage.jobs.get(broken).problem)
        assert "another version" in place.storage.jobs.get(strange).problem["detail"]
        assert place.storage.jobs.get(unknown).problem["status"] == 404
        await parts.jobs.stop(1.0)
        assert parts.jobs.problems.counts() == {
            "worker_lost": 1,
            "internal": 1,
            "invalid_request": 1,
            "unknown_avatar": 1,
        }
        parts.usage.flush()
        assert sum(row["errors"] for row in place.storage.usage.report()) == 4

    run(story())


def test_a_full_engine_is_waited_for(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.full = 3
        await parts.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        await until(lambda: place.status(job) == "done")
        await parts.jobs.stop(1.0)

    run(story())


def test_cancelling_frees_the_engine_at_once_and_what_ended_stays(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        await parts.jobs.start()
        running, waiting = place.queue("mesh", person={"seed": 1}), place.queue("mesh", person={"seed": 2})
        await until(lambda: parts.engine.asked)
        assert (await parts.jobs.cancel(waiting)).status == "cancelled"
        assert (await parts.jobs.cancel(running)).cancel_requested
        await until(lambda: place.status(running) == "cancelled")
        assert parts.engine.given_up == 1
        assert (await parts.jobs.cancel(running)).status == "cancelled"
        await parts.jobs.stop(1.0)

    run(story())


def test_a_cancel_that_another_server_took_in_is_heard_at_the_next_heartbeat(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        await parts.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        await until(lambda: parts.engine.asked)
        place.storage.jobs.request_cancel(job)
        await until(lambda: place.status(job) == "cancelled")
        await parts.jobs.stop(1.0)

    run(story())


def test_a_server_that_stops_lets_a_job_end_in_time(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        await parts.jobs.start()
        job, next_ = place.queue("mesh", person={"seed": 1}), place.queue("mesh", person={"seed": 2})
        await until(lambda: parts.engine.asked)
        stopping = asyncio.create_task(parts.jobs.stop(20.0))
        await asyncio.sleep(0.05)
        parts.engine.gate.set()
        await stopping
        assert (place.status(job), place.status(next_)) == ("done", "queued")
        assert len(parts.engine.asked) == 1

    run(story())


def test_a_job_that_does_not_end_in_time_goes_back_and_is_done_by_the_next_server(place: Place) -> None:
    async def story() -> None:
        first = place.services()
        first.engine.gate.clear()
        await first.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        await until(lambda: first.engine.asked)
        await first.jobs.stop(0.05)
        row = place.storage.jobs.get(job)
        assert (row.status, row.attempts, row.worker, row.progress) == ("queued", 0, None, 0.0)
        second = place.services()
        await second.jobs.start()
        await until(lambda: place.status(job) == "done")
        assert place.storage.jobs.get(job).attempts == 1
        await second.jobs.stop(1.0)

    run(story())


def test_an_engine_that_stops_first_costs_no_attempt(place: Place) -> None:
    async def story() -> None:
        parts = place.services(concurrency=1, poll_seconds=30)
        parts.engine.failing = {1: Stopped("the server is stopping")}
        job = place.queue("generate", people=[{"seed": 1}])
        await parts.jobs.start()
        await until(lambda: parts.engine.asked and not parts.jobs.running)
        await parts.jobs.stop(0.1)
        row = place.storage.jobs.get(job)
        assert (row.status, row.attempts) == ("queued", 0)

    run(story())


def test_the_job_of_a_server_that_died_is_done_by_another_and_given_up_after_two_attempts(place: Place) -> None:
    async def story() -> None:
        job, poison = place.queue("mesh", person={"seed": 1}), place.queue("mesh", person={"seed": 2})
        for dead in ("host:1:a", "host:2:b"):
            assert place.storage.jobs.claim(dead)
        parts = place.services()
        await parts.jobs.start()
        await until(lambda: place.storage.jobs.counts()["done"] == 2)
        assert place.storage.jobs.get(job).attempts == 2
        parts.engine.gate.clear()
        await parts.jobs.stop(1.0)
        third = place.queue("mesh", person={"seed": 3})
        for dead in ("host:3:c", "host:4:d"):
            assert place.storage.jobs.claim(dead).id == third
            place.storage.database.now = lambda: now() + timedelta(hours=1)
            parts.jobs.housekeeping.reclaim()
            place.storage.database.now = now
        row = place.storage.jobs.get(third)
        assert (row.status, row.problem["code"]) == ("failed", "worker_lost")
        assert place.status(poison) == "done"

    run(story())


def test_two_servers_do_each_job_once(place: Place) -> None:
    async def story() -> None:
        jobs = [place.queue("generate", people=[{"seed": seed}]) for seed in range(12)]
        first, second = place.services(concurrency=2), place.services(concurrency=2)
        await first.jobs.start()
        await second.jobs.start()
        await until(lambda: place.storage.jobs.counts()["done"] == len(jobs))
        asked = [work.person.seed for parts in (first, second) for work in parts.engine.asked]
        assert sorted(asked) == list(range(12))
        await first.jobs.stop(1.0)
        await second.jobs.stop(1.0)

    run(story())


def test_a_server_that_lost_its_claim_gives_up_and_writes_nothing(place: Place) -> None:
    async def story() -> None:
        parts = place.services(poll_seconds=30)
        parts.engine.gate.clear()
        job = place.queue("mesh", person={"seed": 1})
        await parts.jobs.start()
        await until(lambda: parts.engine.asked)
        place.storage.jobs.release(parts.jobs.worker)
        assert place.storage.jobs.claim("another").id == job
        await until(lambda: parts.engine.given_up)
        await parts.jobs.stop(1.0)
        row = place.storage.jobs.get(job)
        assert (row.status, row.worker) == ("running", "another")

    run(story())


def test_a_database_that_is_locked_for_a_moment_costs_no_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        parts = place.services(heartbeat_seconds=5)
        locked = {"claim": 2, "progress": 1, "finish": 2}
        for name, times in locked.items():
            real, left = getattr(place.storage.jobs, name), iter(range(times))

            def refusing(*args: Any, real: Any = real, left: Any = left, **options: Any) -> Any:
                if next(left, None) is not None:
                    raise DatabaseLocked("another program has held it")
                return real(*args, **options)

            monkeypatch.setattr(place.storage.jobs, name, refusing)
        job = place.queue("mesh", person={"seed": 1})
        await parts.jobs.start()
        await until(lambda: place.status(job) == "done")
        assert place.storage.jobs.get(job).attempts == 1
        await parts.jobs.stop(1.0)

    run(story())
