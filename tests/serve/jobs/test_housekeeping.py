"""What ended long ago is forgotten, and what nobody refers to is removed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from aetherist.storage import MissingArtifact, MissingError
from aetherist.storage.database import now
from tests.serve.jobs.conftest import Place, until


def test_results_are_kept_for_the_days_of_the_settings(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        await parts.jobs.start()
        job = place.queue("batch", seeds="0-3")
        await until(lambda: place.status(job) == "done")
        await parts.jobs.stop(1.0)
        digests = [artifact["digest"] for artifact in place.storage.jobs.get(job).result["artifacts"]]

        place.storage.database.now = lambda: now() + timedelta(days=29)
        parts.jobs.housekeeping.tidy()
        assert all(place.storage.artifacts.read(digest) for digest in digests)
        place.storage.database.now = lambda: now() + timedelta(days=31)
        parts.jobs.housekeeping.tidy()
        with pytest.raises(MissingError):
            place.storage.jobs.get(job)
        for digest in digests:
            with pytest.raises(MissingArtifact):
                place.storage.artifacts.read(digest)
        assert place.storage.artifacts.usage() == 0

    asyncio.run(story())


def test_pictures_of_a_job_at_work_are_not_collected(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        parts.config.change({"batching.max_batch": 1}, by="test")
        await parts.jobs.start()
        job = place.queue("batch", seeds="0-9")
        await until(lambda: place.storage.artifacts.referred(job))
        parts.engine.gate.clear()
        await until(lambda: parts.engine.waiting)
        there = place.storage.artifacts.referred(job)
        place.storage.database.now = lambda: now() + timedelta(days=90)
        place.storage.artifacts.collect(0.0)
        place.storage.database.now = now
        assert set(there) <= set(place.storage.artifacts.referred(job))
        parts.engine.gate.set()
        await until(lambda: place.status(job) == "done")
        await parts.jobs.stop(1.0)

    asyncio.run(story())


def test_the_waiting_are_counted_for_the_metrics(place: Place) -> None:
    async def story() -> None:
        parts = place.services()
        for seed in range(3):
            place.queue("mesh", person={"seed": seed})
        parts.jobs.housekeeping.turn()
        assert b"aetherist_jobs_waiting 3.0" in parts.metrics.render()
        await parts.jobs.start()
        await until(lambda: place.storage.jobs.counts()["done"] == 3)
        await parts.jobs.stop(1.0)
        assert b'aetherist_jobs_total{kind="mesh",status="done"} 3.0' in parts.metrics.render()
        assert b"aetherist_jobs_running 0.0" in parts.metrics.render()

    asyncio.run(story())
