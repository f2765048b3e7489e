"""Who follows a job sees each state once, and the end."""

from __future__ import annotations

import asyncio
from typing import Any

from aetherist.serve.jobs.showing import job_event
from aetherist.serve.jobs.telling import follow
from aetherist.serve.streams import Event
from tests.serve.jobs.conftest import Place, until


async def follower(parts: Any, job: str, heard: list[Event], last: str | None = None, poll: float = 60.0) -> None:
    async def look() -> Any:
        return parts.storage.jobs.get(job)

    source = follow(
        job,
        look,
        lambda row: job_event(row, parts),
        parts.jobs.news,
        parts.jobs.streams,
        last=last,
        poll=poll,
    )
    async for event in source:
        if event is not None:
            heard.append(event)


def test_a_job_is_followed_from_the_queue_to_its_result(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        job = place.queue("mesh", person={"seed": 1})
        heard: list[Event] = []
        following = asyncio.create_task(follower(parts, job, heard, poll=0.02))
        await parts.jobs.start()
        await until(lambda: any(event.data["progress"] > 0.4 for event in heard))
        parts.engine.gate.set()
        await following
        await parts.jobs.stop(1.0)
        assert {event.name for event in heard[:-1]} == {"progress"}
        assert [event.data["status"] for event in (heard[0], heard[-1])] == ["queued", "done"]
        fractions = [event.data["progress"] for event in heard]
        assert fractions == sorted(fractions)
        assert heard[-1].name == "done"
        (artifact,) = heard[-1].data["result"]["artifacts"]
        assert artifact["url"].startswith(f"/v1/artifacts/{artifact['digest']}?name=tiny-mesh.glb&expires=")
        assert len({event.id for event in heard}) == len(heard)
        assert len(parts.jobs.news) == 0

    asyncio.run(story())


def test_a_client_that_comes_back_hears_what_it_missed_and_nothing_twice(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        heard: list[Event] = []
        await follower(parts, job, heard, last="progress-00000000", poll=0.02)
        assert heard[-1].name == "done"
        again: list[Event] = []
        await follower(parts, job, again, last=heard[-2].id if len(heard) > 1 else None)
        assert [event.name for event in again] == ["done"]
        await follower(parts, job, again, last=heard[-1].id)
        assert len(again) == 1
        await parts.jobs.stop(1.0)

    asyncio.run(story())


def test_however_many_follow_a_job_it_is_looked_at_once(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        job = place.queue("mesh", person={"seed": 1})
        looks = 0

        async def look() -> Any:
            nonlocal looks
            looks += 1
            await asyncio.sleep(0)
            return place.storage.jobs.get(job)

        heard: list[str] = []

        async def one() -> None:
            news, streams = parts.jobs.news, parts.jobs.streams
            async for event in follow(job, look, lambda row: row.status, news, streams, last=None, poll=60.0):
                if event is not None:
                    heard.append(event.data)

        followers = [asyncio.create_task(one()) for _ in range(50)]
        await until(lambda: len(heard) == 50)
        assert looks == 1
        await parts.jobs.cancel(job)
        await asyncio.gather(*followers)
        assert looks == 2
        assert heard == ["queued"] * 50 + ["cancelled"] * 50
        assert len(parts.jobs.news) == 0
        await parts.jobs.stop(0)

    asyncio.run(story())


def test_news_of_this_server_is_told_at_once(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.engine.gate.clear()
        await parts.jobs.start()
        job = place.queue("mesh", person={"seed": 1})
        await until(lambda: parts.engine.asked)
        heard: list[Event] = []
        following = asyncio.create_task(follower(parts, job, heard, poll=60.0))
        await until(lambda: heard)
        await parts.jobs.cancel(job)
        await following
        assert heard[-1].name == "cancelled"
        await parts.jobs.stop(1.0)

    asyncio.run(story())
