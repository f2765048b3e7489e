"""The database: what it is told by URL, and what it says when it is locked, full, damaged or away."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aetherist.storage import AddressError, DatabaseLocked, Storage, StorageFull, StorageUnavailable
from aetherist.storage.database import Database
from tests.storage.conftest import Clock


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("aetherist.db", "is no URL of a database; write sqlite:///"),
        ("mysql://host/name", "mysql is no database that is supported"),
        ("sqlite://", "has no file"),
        ("sqlite:///:memory:", "has no file"),
        ("nonsense:secret@host", r"\.\.\.host is no URL"),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        Database(url)


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable) as caught:
        Storage.open("postgresql://me:hunter2@127.0.0.1:1/none", tmp_path / "artifacts")
    assert "postgresql+psycopg://me:***@127.0.0.1:1/none cannot be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_sqlite_writes_ahead_and_holds_references(small: Storage) -> None:
    with small.database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_new_database_waits_for_another_program_that_makes_it_too(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite:///{tmp_path}/a.db", lock_seconds=0.05)
    with pytest.raises(DatabaseLocked, match="is locked"), database.reading():
        pass
    database.close()
    database = Database(f"sqlite:///{tmp_path}/a.db", lock_seconds=30)
    end = threading.Timer(0.2, other.rollback)
    end.start()
    with database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    end.join()
    other.close()
    database.close()


def test_a_database_that_another_program_writes_to_says_that_it_is_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with Storage.open(url, tmp_path / "artifacts", lock_seconds=0.05) as storage:
        _, secret = storage.keys.create("reader", ["read"])
        job = storage.jobs.create("video", {})[0]
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked, match=r"a\.db is locked: another program has held it for 0.05 s; end that"):
            storage.jobs.claim("w")
        assert storage.jobs.list() == [job]
        assert storage.keys.verify(secret) is not None, "who reads needs no lock"
        assert storage.healthy() is None
        other.rollback()
        other.close()
        assert storage.jobs.claim("w") is not None


@pytest.mark.postgres
def test_postgresql_says_that_it_is_locked(new_database: Callable[[str], str], tmp_path: Path) -> None:
    with Storage.open(new_database("postgresql"), tmp_path / "artifacts", lock_seconds=0.05) as storage:
        storage.jobs.create("video", {})
        with storage.database.writing() as other:
            other.exec_driver_sql("LOCK TABLE jobs IN EXCLUSIVE MODE")
            with pytest.raises(DatabaseLocked, match=r"is locked: another program has held it"):
                storage.jobs.claim("w")
        assert storage.jobs.claim("w") is not None


def test_what_fails_changes_nothing(storage: Storage) -> None:
    def half() -> None:
        with storage.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM jobs")
            raise KeyError

    storage.jobs.create("video", {})
    with pytest.raises(KeyError):
        half()
    assert len(storage.jobs.list()) == 1


def test_readers_see_one_moment(storage: Storage) -> None:
    storage.jobs.create("video", {})
    with storage.database.reading(snapshot=True) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1
        storage.jobs.create("video", {})
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1


def test_many_threads_write_at_once(storage: Storage) -> None:
    with ThreadPoolExecutor(16) as many:
        list(many.map(lambda number: storage.usage.add(model="m", count=number), range(64)))
    assert [row["count"] for row in storage.usage.report(by=())] == [sum(range(64))]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"nothing of the kind" * 1000)
    with pytest.raises(StorageUnavailable, match=r"a\.db is damaged or no database .*'aetherist storage restore'"):
        Storage.open(f"sqlite:///{tmp_path}/a.db", tmp_path / "artifacts")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="file cannot be made"):
        Storage.open(f"sqlite:///{tmp_path}/file/a.db", tmp_path / "artifacts")


def test_damage_while_it_is_open_is_an_error_that_says_so(tmp_path: Path) -> None:
    with Storage.open(f"sqlite:///{tmp_path}/a.db", tmp_path / "artifacts") as storage:
        for _ in range(50):
            storage.events.record("something", detail={"text": "x" * 500})
    size = (tmp_path / "a.db").stat().st_size
    with (tmp_path / "a.db").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with (
        pytest.raises(StorageUnavailable, match="damaged"),
        Storage.open(f"sqlite:///{tmp_path}/a.db", tmp_path / "artifacts", migrate=False) as storage,
    ):
        storage.events.list()


def test_a_full_disk_is_an_error_and_the_database_lives_on(tmp_path: Path, clock: Clock) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs to mount a small tmpfs")
    try:
        with Storage.open(f"sqlite:///{disk}/a.db", tmp_path / "artifacts", clock=clock) as storage:
            (disk / "ballast").write_bytes(bytes(disk_left(disk) - 64 * 1024))
            with pytest.raises(StorageFull, match=r"a\.db: no room on the disk .*; make room, nothing was changed"):
                made_many(storage)
            accepted = len(storage.jobs.list(limit=100))
            (disk / "ballast").unlink()
            storage.jobs.create("video", {})
            assert len(storage.jobs.list(limit=200)) == accepted + 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def made_many(storage: Storage) -> None:
    for number in range(100):
        storage.jobs.create("video", {"text": "x" * 10_000, "number": number})


def disk_left(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
