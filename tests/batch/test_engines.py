"""Engines: whoever dies is replaced, and nobody is made twice or forgotten."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aetherist.batch import FolderStore, Processes, items_of_seeds, run
from aetherist.batch.engines import Engine, Event, portable
from aetherist.batch.maker import Failed, Made, Task
from aetherist.batch.records import Record
from tests.batch.helpers import contents, made, manifest, recorded, small_job, whole


class Pretended(Engine):
    """Workers that answer in any order, and die as they are told to."""

    def __init__(self, workers: int, dies: Any = lambda _: False, seed: int = 0, begins: Any = "ready") -> None:
        self.workers = workers
        self.dies, self.begins = dies, begins
        self.random = random.Random(seed)
        self.coming: list[Event] = []
        self.given: list[Task] = []

    def start(self, worker: int) -> None:
        self.coming.append(Event(worker, self.begins, ValueError("no such model")))

    def give(self, worker: int, task: Task) -> None:
        self.given.append(task)
        if self.dies(task):
            self.coming.append(Event(worker, "died", "struck"))
        else:
            self.coming.append(Event(worker, "done", [Made(item, Record(item.key, "", [])) for item in task.items]))

    def events(self) -> list[Event]:
        assert self.coming, "it would wait for ever"
        self.random.shuffle(self.coming)
        return [self.coming.pop() for _ in range(self.random.randint(1, len(self.coming)))]

    def close(self) -> None:
        pass


def tasks(count: int, batch: int = 1) -> Iterator[Task]:
    items = items_of_seeds(range(count))
    return (Task(tuple(items[start : start + batch])) for start in range(0, count, batch))


def keys(outcomes: Sequence[Any], kind: type = Made) -> list[int]:
    return sorted(each.item.key for each in outcomes if isinstance(each, kind))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_everyone_is_made_once(workers) -> None:
    engine = Pretended(workers)
    assert keys(list(engine.outcomes(tasks(20, 3)))) == list(range(20))
    assert len(engine.given) == 7


@pytest.mark.parametrize("seed", range(10))
def test_whoever_dies_is_replaced(seed) -> None:
    chance = random.Random(seed)
    engine = Pretended(3, lambda task: task.deaths == 0 and chance.random() < 0.4, seed)
    outcomes = list(engine.outcomes(tasks(20, 3)))
    assert keys(outcomes) == list(range(20))
    assert keys(outcomes, Failed) == []


def test_who_takes_workers_along_is_given_up(model) -> None:
    engine = Pretended(2, lambda task: any(item.key == 4 for item in task.items))
    outcomes = list(engine.outcomes(tasks(9, 3)))
    assert keys(outcomes) == [0, 1, 2, 3, 5, 6, 7, 8]
    (failed,) = [each for each in outcomes if isinstance(each, Failed)]
    assert failed.reason == "3 workers died over it: struck"
    assert [task.deaths for task in engine.given if task.items[-1].key == 4] == [1, 2]


def test_what_is_at_work_is_finished_when_it_stops() -> None:
    engine = Pretended(3)
    outcomes = list(engine.outcomes(tasks(20), lambda: len(engine.given) >= 6))
    assert len(outcomes) == len(engine.given) == 6


def test_workers_that_die_before_they_work_end_it() -> None:
    with pytest.raises(RuntimeError, match="workers die before they work"):
        list(Pretended(2, begins="died").outcomes(tasks(3)))


def test_a_worker_that_cannot_go_on_ends_it() -> None:
    with pytest.raises(ValueError, match="no such model"):
        list(Pretended(2, begins="broken").outcomes(tasks(3)))


def test_errors_reach_other_processes_as_what_they_are() -> None:
    assert isinstance(portable(ValueError("x")), ValueError)
    full = portable(OSError(28, "No space left", "/there"))
    assert (full.errno, full.filename) == (28, "/there")
    assert str(portable(OSError("s3://b/a: refused"))) == "s3://b/a: refused"
    assert str(portable(KeyError("x"))) == "KeyError: 'x'"


@pytest.mark.slow
def test_processes_of_which_one_is_killed(model, tmp_path: Path) -> None:
    job, store = small_job(), FolderStore(tmp_path / "two")
    engine = Processes(job, store, model.digest, 2)
    killed: list[int] = []

    def strike(progress: Any) -> None:
        if progress.made == 3 and not killed:
            killed.append(engine.pids[0])
            os.kill(engine.pids[0], signal.SIGKILL)

    found = run(job, items_of_seeds(range(16)), store, engine, job.settings(model), tell=strike, batch=2)
    assert killed
    assert (found.progress.made, found.failed, found.stopped) == (16, (), False)
    assert all(whole(store, record) for record in recorded(store).values())
    assert len({row["path"] for row in manifest(store)}) == len(manifest(store)) == 16
    alone = FolderStore(tmp_path / "one")
    made(job, model, alone, range(16))
    assert contents(store.folder) == contents(alone.folder)


@pytest.mark.slow
def test_processes_that_cannot_open_the_model_say_why(model, tmp_path: Path) -> None:
    engine = Processes(small_job(), FolderStore(tmp_path), "another", 1)
    with pytest.raises(ValueError, match="another model here"):
        list(engine.outcomes(tasks(1)))
    engine.close()
