"""The journal: records say who is there, each once, whatever a kill leaves behind."""

from __future__ import annotations

from aetherist.batch import Store
from aetherist.batch.records import Journal, Record, record_name
from tests.batch.helpers import small_job

JOB = small_job()


def record(key: int) -> Record:
    return Record(key, f"digest {key}", [{"path": f"pictures/{key}.png"}])


def created(store: Store, *keys: int) -> None:
    for key in keys:
        store.create(record_name(JOB, key), record(key).line().encode())


def test_records_are_read_and_written_together(store: Store) -> None:
    created(store, 0, 1, 2, 3, 5)
    journal = Journal(store, JOB)
    assert sorted(each.key for each in journal.read()) == [0, 1, 2, 3, 5]
    journal.bind(["00000"])
    assert store.names("shards") == ["shards/00000.jsonl"]
    assert store.names("records") == [record_name(JOB, 5)]
    assert {each.key: each for each in Journal(store, JOB).read()} == {key: record(key) for key in (0, 1, 2, 3, 5)}
    journal.bind()
    assert store.names("records") == []
    assert [[each.key for each in shard] for shard in journal.shards()] == [[0, 1, 2, 3], [5]]


def test_a_shard_grows(store: Store) -> None:
    for keys in ((2,), (0, 3), (1,)):
        created(store, *keys)
        journal = Journal(store, JOB)
        list(journal.read())
        journal.bind()
    assert [[each.key for each in shard] for shard in journal.shards()] == [[0, 1, 2, 3]]


def test_a_kill_between_writing_together_and_removing_leaves_each_once(store: Store) -> None:
    created(store, 0, 1)
    journal = Journal(store, JOB)
    list(journal.read())
    journal.bind()
    created(store, 0, 1, 2)
    journal = Journal(store, JOB)
    assert sorted(each.key for each in journal.read()) == [0, 1, 2]
    assert store.names("records") == [record_name(JOB, 2)]


def test_what_is_forgotten_is_gone_from_both(store: Store) -> None:
    created(store, 0, 1)
    journal = Journal(store, JOB)
    list(journal.read())
    journal.bind()
    created(store, 2, 5)
    list(journal.read())
    journal.forget([1, 2])
    assert sorted(each.key for each in Journal(store, JOB).read()) == [0, 5]
    journal.bind()
    assert sorted(each.key for each in Journal(store, JOB).read()) == [0, 5]
