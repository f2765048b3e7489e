"""Batches go to workers as their lanes become free; what was with a worker that died is done once more, alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import ModelState, Person, Picture, Video, WorkerLost
from aetherist.serve.engine.dispatch import Dispatch
from aetherist.serve.engine.messages import Cancel, Do, Done, Free, Ready, Settings, Setup
from aetherist.serve.engine.process import WorkerProcess
from aetherist.serve.engine.waiting import Item
from aetherist.serve.engine.work import Lane, Work
from aetherist.serve.live import LiveConfig
from aetherist.telemetry import Metrics, get_logger

SETUP = Setup("cpu", None, {"tiny": "tiny"}, "tiny", "", Settings(0, 0, 0, 0))
VIDEO = Video("tiny", (Person(seed=1),))


class Stage:
    """A dispatch with workers that are no processes: the test plays them."""

    def __init__(self, workers: int = 1) -> None:
        config = LiveConfig(ServerConfig.model_validate({"batching": {"window_ms": 0, "max_batch": 4}}))
        self.dispatch = Dispatch(config, Metrics(), get_logger("test"))
        self.sent: list[tuple[int, Any]] = []
        self._numbers = count(1)
        for _ in range(workers):
            self.dispatch.add(SETUP)
        for worker in self.dispatch.workers:
            self.begin(worker)

    def begin(self, worker: WorkerProcess) -> None:
        """Play that a process is there, and ready."""
        index = worker.index

        def send(message: Any) -> None:
            if isinstance(message, Do):
                worker.busy[message.lane] = True
            self.sent.append((index, message))

        worker.send = send  # type: ignore[method-assign]
        worker.ready = True
        self.dispatch._heard(worker, Ready("cpu"))

    async def enter(self, work: Work | None = None, client: str = "a", lane: Lane = "interactive") -> Item:
        """Take work on, and let the loop go round."""
        future = asyncio.get_running_loop().create_future()
        work = work or Picture("tiny", Person(seed=1))
        item = Item(next(self._numbers), work, client, lane, future, None, time.monotonic())
        self.dispatch.enter(item)
        await turn()
        return item

    def batches(self) -> list[tuple[int, Lane, list[int]]]:
        """Return what was handed out since the last time: worker, lane and items."""
        found = [(index, m.lane, [n for n, _ in m.items]) for index, m in self.sent if isinstance(m, Do)]
        self.sent.clear()
        return found

    async def finish(self, worker: int, *items: Item, lane: Lane = "interactive") -> None:
        """Play that a worker did a batch."""
        for item in items:
            self.dispatch._heard(self.dispatch.workers[worker], Done(item.id, "done"))
        self.dispatch._heard(self.dispatch.workers[worker], Free(lane, len(items), 0.1))
        await turn()

    async def die(self, worker: int) -> None:
        """Play that a worker died and another took its place."""
        process = self.dispatch.workers[worker]
        self.sent.clear()
        process._gone()
        self.dispatch._lost(process, "signal 9")
        await turn()
        assert not any(index == worker for index, _, _ in self.batches())
        self.begin(process)
        await turn()


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def played(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def test_a_lane_gets_its_next_batch_when_it_is_free() -> None:
    async def story() -> None:
        stage = Stage()
        first = await stage.enter()
        assert stage.batches() == [(0, "interactive", [first.id])]
        others = [await stage.enter() for _ in range(5)]
        assert stage.batches() == []
        await stage.finish(0, first)
        assert first.future.result() == "done"
        assert stage.batches() == [(0, "interactive", [item.id for item in others[:4]])]

    played(story)


def test_lanes_do_not_wait_for_each_other() -> None:
    async def story() -> None:
        stage = Stage()
        video = await stage.enter(VIDEO, lane="background")
        picture = await stage.enter()
        assert stage.batches() == [(0, "background", [video.id]), (0, "interactive", [picture.id])]

    played(story)


def test_work_goes_to_the_worker_that_has_less() -> None:
    async def story() -> None:
        stage = Stage(workers=2)
        items = [await stage.enter() for _ in range(3)]
        assert stage.batches() == [(0, "interactive", [items[0].id]), (1, "interactive", [items[1].id])]
        await stage.finish(1, items[1])
        assert stage.batches() == [(1, "interactive", [items[2].id])]

    played(story)


def test_work_waits_for_the_worker_that_could_load_its_model() -> None:
    async def story() -> None:
        stage = Stage(workers=2)
        first, second = stage.dispatch.workers
        first.models["tiny"] = ModelState("tiny", "refused")
        items = [await stage.enter() for _ in range(2)]
        assert stage.batches() == [(1, "interactive", [items[0].id])]
        await stage.finish(1, items[0])
        assert stage.batches() == [(1, "interactive", [items[1].id])]
        second.models["tiny"] = ModelState("tiny", "refused")
        last = await stage.enter()
        assert stage.batches() == [(0, "interactive", [last.id])], "where nobody could, anybody says why"

    played(story)


def test_who_goes_away_from_work_is_told_to_the_worker() -> None:
    async def story() -> None:
        stage = Stage()
        item = await stage.enter()
        item.future.cancel()
        stage.dispatch.drop(item)
        stage.dispatch.drop(item)
        assert [message for _, message in stage.sent if isinstance(message, Cancel)] == [Cancel(item.id)]
        assert not stage.dispatch.rows.clients
        await stage.finish(0, item)
        assert not stage.dispatch.flying

    played(story)


def test_suspects_are_done_alone_one_after_the_other_and_others_wait() -> None:
    async def story() -> None:
        stage = Stage()
        first = await stage.enter()
        batch = [await stage.enter() for _ in range(3)]
        await stage.finish(0, first)
        video = await stage.enter(VIDEO, lane="background")
        stage.batches()
        late = await stage.enter(client="b")
        await stage.die(0)
        for item in batch:
            assert stage.batches() == [(0, "interactive", [item.id])], "and no video beside it"
            await stage.finish(0, item)
        assert stage.batches() == [(0, "interactive", [late.id]), (0, "background", [video.id])]
        assert all(item.future.result() == "done" for item in batch)

    played(story)


def test_the_next_suspect_waits_until_the_last_picture_is_written() -> None:
    async def story() -> None:
        stage = Stage()
        first = await stage.enter()
        batch = [await stage.enter() for _ in range(2)]
        await stage.finish(0, first)
        await stage.die(0)
        assert stage.batches() == [(0, "interactive", [batch[0].id])]
        worker = stage.dispatch.workers[0]
        stage.dispatch._heard(worker, Free("interactive", 1, 0.1))
        await turn()
        assert stage.batches() == []
        stage.dispatch._heard(worker, Done(batch[0].id, "done"))
        await turn()
        assert stage.batches() == [(0, "interactive", [batch[1].id])]

    played(story)


def test_what_dies_alone_a_second_time_is_given_up() -> None:
    async def story() -> None:
        stage = Stage()
        item = await stage.enter()
        await stage.die(0)
        assert stage.batches() == [(0, "interactive", [item.id])]
        await stage.die(0)
        assert stage.batches() == []
        with pytest.raises(WorkerLost, match="signal 9"):
            item.future.result()

    played(story)


def test_a_video_that_kills_is_given_up_and_the_pictures_beside_it_are_not() -> None:
    async def story() -> None:
        stage = Stage()
        video = await stage.enter(VIDEO, lane="background")
        for _ in range(3):
            picture = await stage.enter()
            stage.batches()
            await stage.die(0)
            assert stage.batches()[0] == (0, "interactive", [picture.id])
            await stage.finish(0, picture)
            assert picture.future.result() == "done"
        assert isinstance(video.future.exception(), WorkerLost)

    played(story)


def test_another_worker_goes_on_with_everybody_else() -> None:
    async def story() -> None:
        stage = Stage(workers=2)
        bad, good = await stage.enter(), await stage.enter()
        video = await stage.enter(VIDEO, lane="background")
        assert [index for index, _, _ in stage.batches()] == [0, 1, 0]
        late = await stage.enter(client="b")
        dead = stage.dispatch.workers[0]
        dead._gone()
        stage.dispatch._lost(dead, "signal 9")
        await turn()
        assert stage.batches() == [(1, "background", [video.id])], "a picture that killed waits for a worker of its own"
        await stage.finish(1, good)
        assert stage.batches() == [(1, "interactive", [late.id])]
        stage.begin(dead)
        await turn()
        assert stage.batches() == [(0, "interactive", [bad.id])]

    played(story)


def test_nobody_is_told_to_come_again_sooner_than_it_makes_sense() -> None:
    async def story() -> None:
        stage = Stage()
        item = await stage.enter()
        await stage.finish(0, item)
        assert stage.dispatch.patience("interactive", 30) == 3.0
        assert stage.dispatch.patience("interactive", 1) == 1.0
        assert stage.dispatch.patience("interactive", 10**6) == 60.0

    played(story)
