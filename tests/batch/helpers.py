"""A small batch, and what there is of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch

from aetherist.avatars import AvatarModel
from aetherist.batch import FixedViews, Item, Job, Store, Summary, ThisProcess, items_of_seeds, run
from aetherist.batch.maker import Failed, Made, Maker, Outcome, Task
from aetherist.batch.records import Record, record_name
from aetherist.components.cameras import Cameras
from tests.avatars.helpers import SMALL

TWO = FixedViews(Cameras.from_angles(torch.tensor([-0.3, 0.3]), torch.tensor([0.0, 0.1])))
FRONT = FixedViews(Cameras.from_angles(0.0, 0.0).reshape(1))


def small_job(**changes: Any) -> Job:
    """Return a job of a small model: one view, in shards of four."""
    given: dict[str, Any] = {"source": "tiny", "views": FRONT, "overrides": tuple(SMALL), "shard": 4, "metadata": False}
    return Job(**given | changes)


def made(
    job: Job, model: AvatarModel, store: Store, items: Sequence[Item] | range, maker: Any = None, **options: Any
) -> Summary:
    """Run a batch in this process."""
    asked = items_of_seeds(items) if isinstance(items, range) else items
    return run(job, asked, store, ThisProcess(maker or Maker(job, store, model)), job.settings(model), **options)


def manifest(store: Store) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (store.get("manifest.jsonl") or b"").splitlines()]


def recorded(store: Store) -> dict[int, Record]:
    """Return the record of every item that is there, read straight from the files."""
    lines = [line for name in store.names("shards") for line in (store.get(name) or b"").splitlines()]
    lines += [store.get(name) or b"" for name in store.names("records")]
    return {record.key: record for record in map(Record.read, lines)}


def whole(store: Store, record: Record) -> bool:
    """Whether every file of an item is there as it was written."""
    return bool(record.files) and all(
        hashlib.sha256(store.get(file["path"]) or b"").hexdigest() == file["sha256"] for file in record.files
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@attrs.define
class Sketcher:
    """Makes items of one tiny file each, with no model; some cannot be made."""

    job: Job
    store: Store
    failing: tuple[int, ...] = ()
    before: Callable[[Item], None] = lambda _: None
    tried: list[int] = attrs.field(factory=list)

    def make(self, task: Task) -> list[Outcome]:
        return [self._made(item) for item in task.items]

    def _made(self, item: Item) -> Outcome:
        self.before(item)
        self.tried.append(item.key)
        if item.key in self.failing:
            return Failed(item, "no")
        data, path = f"picture of {item.name}".encode(), self.job.path_of(item, 0, "image")
        self.store.put(path, data)
        facts = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "attributes": {}, "camera": [0.0] * 25}
        record = Record(item.key, item.digest, [{"path": path, **facts}])
        assert self.store.create(record_name(self.job, item.key), record.line().encode()), f"{item.name}: twice"
        return Made(item, record)


SETTINGS: dict[str, Any] = {"format": 1}


def sketched(sketcher: Sketcher, keys: range, **options: Any) -> Summary:
    """Run a batch of sketches."""
    engine: Any = ThisProcess(sketcher)  # type: ignore[arg-type]
    return run(sketcher.job, items_of_seeds(keys), sketcher.store, engine, SETTINGS, **options)
