"""Runs a batch: what is there is left alone, the rest is made, and the manifest says what there is."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import attrs

from aetherist.batch.engines import Engine
from aetherist.batch.items import Item
from aetherist.batch.job import Job
from aetherist.batch.maker import Failed, Made, Task, report
from aetherist.batch.manifest import write_manifest
from aetherist.batch.records import Journal, Record
from aetherist.batch.stores import Store

SETTINGS = "job.json"
ERRORS = "errors.jsonl"
UNCOMPARED = ("version", "model_name")
"""What may differ between the runs that fill one place."""

OnError = Literal["skip", "stop"]


@attrs.frozen
class Progress:
    """How far a run is.

    Attributes:
        done: Items that are there, of those that were asked for.
        made: Items that this run made.
        failed: Items that this run could not make.
        total: Items that were asked for.
        seconds: Since the first of them was made, or could not be.
    """

    done: int
    made: int
    failed: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Items a second."""
        return (self.made + self.failed - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left at this rate; ``None`` while there is none."""
        return (self.total - self.done - self.failed) / self.rate if self.rate else None


@attrs.frozen
class Summary:
    """What became of a run.

    Attributes:
        progress: At its end.
        failed: What could not be made.
        stopped: Whether it ended before everything was tried.
        files: How many the manifest names.
        manifests: Where the manifests are, within the store.
    """

    progress: Progress
    failed: tuple[Failed, ...]
    stopped: bool
    files: int
    manifests: tuple[str, ...]


def run(
    job: Job,
    items: Sequence[Item],
    store: Store,
    engine: Engine,
    settings: dict[str, Any],
    *,
    batch: int = 1,
    on_error: OnError = "stop",
    verify: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Make the items that are not there yet.

    Whatever ends a run, a kill included, the next one goes on where it was; what was at work is made again.

    Args:
        job: What to make of each.
        items: Of one kind, each key once.
        store: Where to.
        engine: Who does it. It is closed.
        settings: Of the job, :meth:`Job.settings`.
        batch: How many items are made together.
        on_error: Whether an item that cannot be made is skipped, or ends the run.
        verify: Whether to read every file that is there, and to make again what is missing or damaged.
        stopping: Asked before each task whether to stop.
        tell: Told how far it is after each item.

    Raises:
        ValueError: If the place holds something else than is asked for, or another run is at work in it.
        OSError: If the store refuses.
    """
    with store.held():
        _agree(store, settings)
        journal = Journal(store, job)
        asked = {item.key: item for item in items}
        done = _done(journal, asked, store)
        if verify:
            damaged = _damaged(store, journal, asked)
            journal.forget(damaged)
            done -= damaged
        left = Counter(job.folder_of(key) for key in asked if key not in done)
        journal.bind(shard for shard in {job.folder_of(key) for key in done} if not left[shard])
        failed: list[Failed] = []
        began: float | None = None
        made = 0

        def progress() -> Progress:
            seconds = 0.0 if began is None else time.monotonic() - began
            return Progress(len(done) + made, made, len(failed), len(asked), seconds)

        def halted() -> bool:
            return stopping() or bool(failed and on_error == "stop")

        todo = [asked[key] for key in sorted(asked) if key not in done]
        tell(progress())
        try:
            for outcome in engine.outcomes(_tasks(todo, batch), halted) if todo else ():
                began = time.monotonic() if began is None else began
                if isinstance(outcome, Made):
                    made += 1
                    journal.add(outcome.record)
                    shard = job.folder_of(outcome.item.key)
                    left[shard] -= 1
                    if not left[shard]:
                        journal.bind([shard])
                else:
                    failed.append(outcome)
                tell(progress())
        finally:
            engine.close()
        journal.bind()
        files, manifests = write_manifest(store, journal)
        if failed:
            store.put(ERRORS, "".join(map(report, failed)).encode())
        else:
            store.delete([ERRORS])
        ended = progress()
        return Summary(ended, tuple(failed), ended.done + len(failed) < ended.total, files, manifests)


def _agree(store: Store, settings: dict[str, Any]) -> None:
    """Say what the place is for, or hold that it is for this."""
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    if store.create(SETTINGS, text.encode()):
        return
    there = json.loads(store.get(SETTINGS) or b"{}")
    differing = [
        name
        for name in sorted({*there, *settings} - {*UNCOMPARED})
        if there.get(name) != json.loads(json.dumps(settings)).get(name)
    ]
    if differing:
        name = differing[0]
        raise ValueError(
            f"{store.place} holds a batch with other settings: {', '.join(differing)} ({name} is "
            f"{_short(there.get(name))} there, and {_short(settings.get(name))} was asked for); give another place"
        )


def _done(journal: Journal, asked: dict[int, Item], store: Store) -> set[int]:
    done = set()
    for record in journal.read():
        item = asked.get(record.key)
        if item is None:
            continue
        if record.digest != item.digest:
            raise ValueError(
                f"{store.place} holds another {item.name} than was asked for (its row was changed?); give another place"
            )
        done.add(record.key)
    return done


def _damaged(store: Store, journal: Journal, asked: dict[int, Item]) -> set[int]:
    import hashlib

    def whole(record: Record) -> bool:
        for file in record.files:
            data = store.get(file["path"])
            if data is None or hashlib.sha256(data).hexdigest() != file["sha256"]:
                return False
        return True

    return {record.key for record in journal.read() if record.key in asked and not whole(record)}


def _tasks(items: Sequence[Item], batch: int) -> Iterator[Task]:
    return (Task(tuple(items[start : start + batch])) for start in range(0, len(items), batch))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
