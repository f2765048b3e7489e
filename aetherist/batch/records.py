"""The journal: which items are there. A record says so of one item; nothing else does.

A record is created when all files of its item are in place, and only if there is none. Records of a shard are written
together in one file when all of it that was asked for is there; until they are removed, both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from aetherist.batch.job import Job
from aetherist.batch.stores import Store

READERS = 16
"""Records that are read at a time: object stores take long to answer."""


@attrs.frozen
class Record:
    """What is there of one item.

    Attributes:
        key: Of the item.
        digest: Of the item: what was asked.
        files: What is known of each, JSON-ready.
    """

    key: int
    digest: str
    files: list[dict[str, Any]]

    def line(self) -> str:
        """Return the record as a line of JSON."""
        facts = {"key": self.key, "digest": self.digest, "files": self.files}
        return json.dumps(facts, separators=(",", ":")) + "\n"

    @classmethod
    def read(cls, data: bytes | str) -> Record:
        """Read a line of JSON."""
        facts = json.loads(data)
        return cls(facts["key"], facts["digest"], facts["files"])


def record_name(job: Job, key: int) -> str:
    """Return where the record of an item is kept until its shard is whole."""
    return f"records/{job.folder_of(key)}/{key:07d}.json"


class Journal:
    """The records of one store.

    Args:
        store: That holds them.
        job: What the store's items are made of.
    """

    def __init__(self, store: Store, job: Job) -> None:
        self.store, self.job = store, job
        self._loose: dict[str, dict[int, Record]] = {}

    def read(self) -> Iterator[Record]:
        """Yield the record of every item that is there, each once."""
        loose = self._read_loose()
        for name in self.store.names("shards"):
            shard = name.removeprefix("shards/").removesuffix(".jsonl")
            together = list(self._together(shard))
            # Both are there where a run was killed between writing the one and removing the others.
            stale = loose.get(shard, {}).keys() & {record.key for record in together}
            self.store.delete(record_name(self.job, key) for key in sorted(stale))
            for key in stale:
                del loose[shard][key]
            yield from together
        self._loose = {shard: records for shard, records in loose.items() if records}
        for records in self._loose.values():
            yield from records.values()

    def add(self, record: Record) -> None:
        """Note a record that was created."""
        self._loose.setdefault(self.job.folder_of(record.key), {})[record.key] = record

    def bind(self, shards: Iterable[str] | None = None) -> None:
        """Write the records of shards together, of all by default."""
        for shard in list(self._loose) if shards is None else [each for each in shards if each in self._loose]:
            records = {record.key: record for record in self._together(shard)} | self._loose[shard]
            text = "".join(records[key].line() for key in sorted(records))
            self.store.put(f"shards/{shard}.jsonl", text.encode())
            self.store.delete(record_name(self.job, key) for key in sorted(self._loose.pop(shard)))

    def forget(self, keys: Iterable[int]) -> None:
        """Take items off the record, so that they are made again."""
        by_shard: dict[str, set[int]] = {}
        for key in keys:
            by_shard.setdefault(self.job.folder_of(key), set()).add(key)
        for shard, gone in by_shard.items():
            together = list(self._together(shard))
            kept = [record for record in together if record.key not in gone]
            if len(kept) != len(together):
                self.store.put(f"shards/{shard}.jsonl", "".join(record.line() for record in kept).encode())
            self.store.delete(record_name(self.job, key) for key in sorted(gone & self._loose.get(shard, {}).keys()))
            for key in gone:
                self._loose.get(shard, {}).pop(key, None)

    def shards(self) -> Iterator[list[Record]]:
        """Yield the records that are written together, shard by shard."""
        for name in self.store.names("shards"):
            yield list(self._together(name.removeprefix("shards/").removesuffix(".jsonl")))

    def _together(self, shard: str) -> Iterator[Record]:
        data = self.store.get(f"shards/{shard}.jsonl") or b""
        return map(Record.read, data.decode().splitlines())

    def _read_loose(self) -> dict[str, dict[int, Record]]:
        found: dict[str, dict[int, Record]] = {}
        with ThreadPoolExecutor(READERS) as readers:
            for data in readers.map(self.store.get, self.store.names("records")):
                if data is not None:
                    record = Record.read(data)
                    found.setdefault(self.job.folder_of(record.key), {})[record.key] = record
        return found
