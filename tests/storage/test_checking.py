"""The check finds what is missing, damaged or unknown, and nothing else."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete

from aetherist.storage import Storage
from aetherist.storage.checking import check
from aetherist.storage.tables import references
from tests.storage.conftest import Clock
from tests.storage.test_backup import file_of


def test_what_is_sound_is_found_sound(storage: Storage) -> None:
    storage.avatars.create("tiny", "m", "d", storage.artifacts.put(b"file", "text/plain").digest)
    told = []
    report = check(storage, lambda *far: told.append(far))
    assert (report.ok, report.checked, report.size) == (True, 1, 4)
    assert report.missing == report.damaged == report.strays == report.database == []
    assert told == [(1, 1)]


def test_what_is_wrong_is_named(small: Storage, clock: Clock) -> None:
    torn, swapped, gone, sound = (small.artifacts.put(data * 100, "text/plain") for data in (b"1", b"2", b"3", b"4"))
    avatar = small.avatars.create("tiny", "m", "d", sound.digest)
    file_of(small, torn).write_bytes(b"1")
    file_of(small, swapped).write_bytes(b"x" * 100)
    file_of(small, gone).unlink()
    stray = hashlib.sha256(b"stray").hexdigest()
    path = file_of(small, sound).parents[1] / stray[:2] / stray
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"stray")
    with small.database.writing() as connection:
        connection.execute(delete(references))
    assert check(small).missing == [], "it may be on its way"
    clock.move(minutes=2)
    report = check(small)
    assert not report.ok
    assert sorted(report.damaged) == sorted([torn.digest, swapped.digest])
    assert report.missing == [gone.digest]
    assert report.strays == [stray]
    assert report.database == [f"avatar {avatar.id} has lost its file"]
