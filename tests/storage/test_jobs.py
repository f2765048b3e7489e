"""Jobs: each is claimed by one, survives who worked on it, and ends once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest

from aetherist.storage import IdempotencyConflict, LostClaim, MissingArtifact, MissingError, Storage
from tests.storage.conftest import Clock
from tests.storage.racers import places, printed, race


def made(storage: Storage, count: int = 1) -> list[str]:
    return [storage.jobs.create("video", {"number": number})[0].id for number in range(count)]


def test_a_job_is_as_it_was_asked_for(storage: Storage, clock: Clock) -> None:
    request = {"people": [{"seed": 7, "name": "Zo\u00eb \0 \ud83d"}], "size": None}
    job, is_new = storage.jobs.create("video", request, key_id="k1")
    assert is_new
    assert job.id.startswith("job_")
    assert storage.jobs.get(job.id) == job
    assert (job.kind, job.request, job.status, job.progress) == ("video", request, "queued", 0)
    assert (job.attempts, job.worker, job.result, job.problem, job.cancel_requested) == (0, None, None, None, False)
    assert (job.created_at, job.key_id, job.ended) == (clock.at, "k1", False)
    with pytest.raises(MissingError, match="there is no job job_0"):
        storage.jobs.get("job_0")


def test_the_oldest_is_claimed_first_and_runs_to_its_end(storage: Storage, clock: Clock) -> None:
    first, second = made(storage, 2)
    clock.move(seconds=1)
    job = storage.jobs.claim("w")
    assert job is not None
    assert (job.id, job.status, job.worker, job.attempts) == (first, "running", "w", 1)
    assert job.started_at == job.heartbeat_at == clock.at
    clock.move(seconds=1)
    assert storage.jobs.beat(first, "w").heartbeat_at == clock.at
    half = storage.jobs.progress(first, "w", 0.5, "12 of 24 frames")
    assert (half.progress, half.message) == (0.5, "12 of 24 frames")
    artifact = storage.artifacts.put(b"video", "video/mp4").digest
    done = storage.jobs.finish(first, "w", {"frames": 24}, [artifact, artifact])
    assert (done.status, done.progress, done.result, done.finished_at) == ("done", 1, {"frames": 24}, clock.at)
    assert storage.artifacts.collect(-1) == []
    assert storage.jobs.claim("w", ["mesh"]) is None
    other = storage.jobs.claim("w", ["mesh", "video"])
    assert other is not None
    failed = storage.jobs.fail(second, "w", {"title": "no"})
    assert (failed.status, failed.problem) == ("failed", {"title": "no"})
    assert storage.jobs.claim("w") is None


def test_many_threads_claim_each_job_once(storage: Storage) -> None:
    ids = made(storage, 40)

    def work(name: str) -> list[str]:
        mine = []
        while (job := storage.jobs.claim(name)) is not None:
            mine.append(job.id)
        return mine

    with ThreadPoolExecutor(6) as many:
        claimed = list(many.map(work, "abcdef"))
    assert sorted(chain(*claimed)) == ids


def test_many_processes_claim_each_job_once(storage: Storage) -> None:
    ids = made(storage, 30)
    claimed = printed(*race("claim_all", places(storage), "a", "b", "c"))
    assert sorted(chain(*claimed)) == ids
    jobs = storage.jobs.list(status="done")
    assert {job.id: job.result for job in jobs} == {
        id: {"by": name} for name, ids in zip("abc", claimed, strict=True) for id in ids
    }


def test_a_job_of_a_process_that_was_killed_is_done_by_another(storage: Storage, clock: Clock) -> None:
    """The clock of this test stands in 2030: to it, whoever lives now was silent for years."""
    (id,) = made(storage)
    (process,) = race("claim_and_die", places(storage), "victim")
    assert process.stdout is not None
    assert process.stdout.readline() == f"{id}\n"
    process.kill()
    process.communicate()
    assert storage.jobs.get(id).worker == "victim"
    (back,) = storage.jobs.reclaim(stale_after=15, attempts=2)
    assert (back.id, back.status, back.worker, back.progress, back.attempts) == (id, "queued", None, 0, 1)
    assert storage.jobs.claim("other") is not None
    assert storage.jobs.finish(id, "other", {}).attempts == 2


def test_what_stops_too_often_fails(storage: Storage, clock: Clock) -> None:
    made(storage)
    for attempt in (1, 2):
        assert storage.jobs.claim(f"w{attempt}") is not None
        clock.move(seconds=10)
        assert storage.jobs.reclaim(stale_after=15, attempts=2) == []
        clock.move(seconds=10)
        (job,) = storage.jobs.reclaim(stale_after=15, attempts=2)
        assert job.status == ("queued" if attempt == 1 else "failed")
    assert job.problem is not None
    assert job.problem["code"] == "worker_lost"
    assert storage.jobs.claim("w3") is None
    assert storage.jobs.reclaim(stale_after=0, attempts=2) == []


def test_who_lost_a_job_cannot_touch_it(storage: Storage, clock: Clock) -> None:
    (id,) = made(storage)
    storage.jobs.claim("slow")
    clock.move(minutes=5)
    storage.jobs.reclaim(stale_after=15, attempts=2)
    for ask in (
        lambda: storage.jobs.beat(id, "slow"),
        lambda: storage.jobs.finish(id, "slow", {}),
        lambda: storage.jobs.fail(id, "slow", {}),
    ):
        with pytest.raises(LostClaim, match=f"{id} is no longer of worker slow: it is queued"):
            ask()
    storage.jobs.claim("quick")
    with pytest.raises(LostClaim, match="it is running, of quick"):
        storage.jobs.progress(id, "slow", 0.9)
    storage.jobs.finish(id, "quick", {})
    with pytest.raises(LostClaim, match="it is done"):
        storage.jobs.finish(id, "quick", {})
    with pytest.raises(MissingError):
        storage.jobs.beat("job_0", "slow")


def test_a_worker_that_stops_puts_back_what_it_has_and_it_does_not_count(storage: Storage) -> None:
    one, two, three = made(storage, 3)
    for worker in ("stopping", "stopping", "other"):
        storage.jobs.claim(worker)
    storage.jobs.request_cancel(two)
    back = storage.jobs.release("stopping")
    assert {job.id: (job.status, job.worker) for job in back} == {one: ("queued", None), two: ("cancelled", None)}
    assert storage.jobs.get(one).attempts == 0
    assert storage.jobs.get(three).status == "running"
    assert storage.jobs.release("stopping") == []


def test_cancelling(storage: Storage, clock: Clock) -> None:
    queued, running, silent, ended = made(storage, 4)
    for _ in range(4):
        storage.jobs.claim("w")
    storage.jobs.release("w")
    assert storage.jobs.request_cancel(queued).status == "cancelled"
    for _ in range(3):
        storage.jobs.claim("w")
    storage.jobs.finish(ended, "w", {})
    assert storage.jobs.request_cancel(ended).status == "done"
    for id in (running, silent):
        asked = storage.jobs.request_cancel(id)
        assert (asked.status, asked.cancel_requested) == ("running", True)
    assert storage.jobs.beat(running, "w").cancel_requested
    assert storage.jobs.cancelled(running, "w").status == "cancelled"
    clock.move(minutes=1)
    assert [job.status for job in storage.jobs.reclaim(stale_after=15, attempts=2)] == ["cancelled"]
    with pytest.raises(MissingError):
        storage.jobs.request_cancel("job_0")


def test_an_idempotency_key_stands_for_one_request_of_one_key(storage: Storage) -> None:
    create = storage.jobs.create
    job, is_new = create("video", {"a": 1, "b": 2}, "k1", "order")
    assert is_new
    assert create("video", {"b": 2, "a": 1}, "k1", "order") == (job, False)
    assert create("video", {"a": 1, "b": 2}, "k2", "order")[1]
    assert create("video", {"a": 1, "b": 2}, None, "order")[1]
    assert create("video", {"a": 1, "b": 2}, "k1")[1]
    assert create("video", {"a": 1, "b": 2}, "k1")[1]
    for kind, request in (("mesh", {"a": 1, "b": 2}), ("video", {"a": 1})):
        with pytest.raises(IdempotencyConflict, match=f"'order' was used for another request, {job.id}"):
            create(kind, request, "k1", "order")


def test_the_same_request_many_times_at_once_is_one_job(storage: Storage) -> None:
    with ThreadPoolExecutor(6) as many:
        found = list(many.map(lambda _: storage.jobs.create("video", {"a": 1}, "k", "order"), range(12)))
    assert len({job.id for job, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1


def test_a_result_needs_its_artifacts(storage: Storage) -> None:
    (id,) = made(storage)
    storage.jobs.claim("w")
    with pytest.raises(MissingArtifact):
        storage.jobs.finish(id, "w", {}, ["0" * 64])
    assert storage.jobs.get(id).status == "running"


def test_lists_go_back_page_by_page(storage: Storage) -> None:
    ids = [storage.jobs.create(kind, {}, key)[0].id for kind, key in zip("aabb", "xyxy", strict=True)]
    storage.jobs.claim("w")

    def names(**asked: Any) -> list[int]:
        return [ids.index(job.id) for job in storage.jobs.list(**asked)]

    assert names() == [3, 2, 1, 0]
    assert names(limit=2) == [3, 2]
    assert names(limit=2, before=ids[2]) == [1, 0]
    assert names(status="running") == [0]
    assert names(key_id="x") == [2, 0]
    assert names(kind="b", key_id="y") == [3]
    assert storage.jobs.counts() == {"queued": 3, "running": 1, "done": 0, "failed": 0, "cancelled": 0}


def test_old_ones_are_forgotten_with_their_artifacts(storage: Storage, clock: Clock) -> None:
    old, running, young = made(storage, 3)
    for _ in range(2):
        storage.jobs.claim("w")
    artifact = storage.artifacts.put(b"old", "text/plain").digest
    storage.jobs.finish(old, "w", {}, [artifact])
    clock.move(days=31)
    storage.jobs.request_cancel(young)
    assert storage.jobs.forget(30 * 86400.0) == 1
    assert {job.id for job in storage.jobs.list()} == {running, young}
    assert storage.artifacts.collect(0) == [artifact]
