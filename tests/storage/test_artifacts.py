"""Artifacts: equal bytes once, whole or not at all, never others than were put, and gone when nothing needs them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aetherist.storage import (
    AddressError,
    DamagedArtifact,
    MissingArtifact,
    QuotaExceeded,
    Storage,
    StorageFull,
    StorageUnavailable,
    blobs,
)
from tests.storage.conftest import Clock

BIG = bytes(range(256)) * 40_000
HOUR = 3600.0


def parts(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1_000_000):
        yield data[start : start + 1_000_000]


def file_of(storage: Storage, digest: str) -> Path:
    return Path(storage.artifacts.place) / digest[:2] / digest


@pytest.fixture(params=["folder", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Artifacts of every kind, over SQLite."""
    places = {"folder": lambda: str(tmp_path / "artifacts"), "memory": lambda: "memory:///"}
    place = places.get(request.param, lambda: request.getfixturevalue("bucket"))()
    with Storage.open(f"sqlite:///{tmp_path}/a.db", place) as opened:
        yield opened


def test_what_is_put_is_read_whether_it_comes_at_once_in_parts_or_from_a_file(store: Storage, tmp_path: Path) -> None:
    digest = hashlib.sha256(BIG).hexdigest()
    (tmp_path / "big").write_bytes(BIG)
    for data in (BIG, parts(BIG), tmp_path / "big"):
        artifact = store.artifacts.put(data, "image/png", "a.png")
        assert (artifact.digest, artifact.size, artifact.media_type, artifact.name) == (
            digest,
            len(BIG),
            "image/png",
            "a.png",
        )
        assert store.artifacts.read(digest) == BIG
        store.artifacts.collect(-1)
    assert store.artifacts.put(b"", "text/plain").size == 0


def test_ranges_are_those_of_the_bytes(store: Storage) -> None:
    digest = store.artifacts.put(BIG, "video/mp4").digest
    for start, end in ((0, None), (0, 1), (5, 3_000_000), (len(BIG) - 1, None), (7, 7), (3, 10**12)):
        assert b"".join(store.artifacts.open(digest, start, end)) == BIG[start:end]


def test_equal_bytes_are_kept_once_and_what_the_first_said_of_them_stays(store: Storage) -> None:
    first = store.artifacts.put(b"same", "text/plain", "first")
    second = store.artifacts.put(b"same", "text/html", "second")
    assert (second.digest, second.media_type, second.name) == (first.digest, "text/plain", "second")
    assert store.artifacts.info(first.digest) == first
    assert store.artifacts.usage() == 4


def test_many_that_put_the_same_at_once_all_have_it(store: Storage) -> None:
    with ThreadPoolExecutor(8) as many:
        found = set(many.map(lambda i: store.artifacts.put(b"%d" % (i % 2) * 1000, "text/plain").digest, range(24)))
    assert len(found) == 2
    assert all(len(store.artifacts.read(digest)) == 1000 for digest in found)


def test_what_is_missing_is_named(store: Storage) -> None:
    for digest in ("0" * 64, "../../etc/passwd", "", "ABC", "0" * 63 + "\0"):
        for ask in (store.artifacts.info, store.artifacts.read, store.artifacts.open):
            with pytest.raises(MissingArtifact, match="there is no artifact"):
                ask(digest)
        with pytest.raises(MissingArtifact):
            store.artifacts.refer(digest, "job")


def test_large_ones_go_in_parts(store: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "AT_ONCE", 6_000_000)
    assert store.artifacts.read(store.artifacts.put(parts(BIG), "video/mp4").digest) == BIG


def test_what_nothing_refers_to_is_collected_when_it_is_old(storage: Storage, clock: Clock) -> None:
    put = storage.artifacts.put
    kept, shared, loose = (put(data, "text/plain").digest for data in (b"kept", b"shared", b"loose"))
    storage.artifacts.refer(kept, "job_1")
    storage.artifacts.refer(shared, "job_1")
    storage.artifacts.refer(shared, "job_1")
    storage.artifacts.refer(shared, "job_2")
    assert storage.artifacts.collect(HOUR) == []
    clock.move(hours=2)
    fresh = put(b"fresh", "text/plain").digest
    assert storage.artifacts.collect(HOUR) == [loose]
    storage.artifacts.release("job_1")
    clock.move(minutes=30)
    put(b"kept", "text/plain")
    clock.move(minutes=45)
    assert storage.artifacts.collect(HOUR) == [fresh]
    clock.move(hours=1)
    assert storage.artifacts.collect(HOUR) == [kept]
    assert storage.artifacts.read(shared) == b"shared"
    with pytest.raises(MissingArtifact):
        storage.artifacts.read(kept)


def test_what_the_database_does_not_know_is_collected_if_asked(small: Storage, clock: Clock) -> None:
    digest = small.artifacts.put(b"kept", "text/plain").digest
    small.artifacts.refer(digest, "me")
    stray = hashlib.sha256(b"stray").hexdigest()
    file_of(small, stray).parent.mkdir()
    file_of(small, stray).write_bytes(b"stray")
    draft = file_of(small, digest).with_name(digest + "#1")
    draft.write_bytes(b"of a program that was killed")
    other = Path(small.artifacts.place) / "notes.txt"
    other.write_text("nobody's")
    assert small.artifacts.collect(0) == []
    assert small.artifacts.collect(0, strays=True) == [stray]
    assert not draft.exists()
    assert other.exists()
    assert small.artifacts.read(digest) == b"kept"


def test_putting_again_while_it_is_collected_loses_nothing(storage: Storage, clock: Clock) -> None:
    def put(number: int) -> None:
        digest = storage.artifacts.put(b"again", "text/plain").digest
        storage.artifacts.refer(digest, f"owner {number}")
        assert storage.artifacts.read(digest) == b"again"
        storage.artifacts.release(f"owner {number}")

    def collect(_: int) -> None:
        storage.artifacts.collect(HOUR)

    with ThreadPoolExecutor(4) as many:
        for number in range(6):
            clock.move(hours=2)
            collecting = [many.submit(collect, 0) for _ in range(2)]
            putting = [many.submit(put, number * 2 + i) for i in range(2)]
            for future in (*collecting, *putting):
                future.result()


def test_damage_is_an_error_and_never_an_answer(small: Storage) -> None:
    digest = small.artifacts.put(BIG, "image/png").digest
    assert b"".join(small.artifacts.open(digest, 0, 10)) == BIG[:10]
    damaged = bytearray(BIG)
    damaged[-1] ^= 1
    file_of(small, digest).write_bytes(damaged)
    for ask in (small.artifacts.read, lambda digest: small.artifacts.open(digest, 0, 10)):
        with pytest.raises(DamagedArtifact, match=rf"artifact {digest} is damaged in .*make it again or restore"):
            ask(digest)
    file_of(small, digest).write_bytes(BIG[:100])
    with pytest.raises(DamagedArtifact):
        small.artifacts.open(digest, 0, 10)


def test_putting_the_bytes_again_heals_what_is_torn_or_gone(small: Storage) -> None:
    digest = small.artifacts.put(BIG, "image/png").digest
    file_of(small, digest).write_bytes(BIG[:100])
    small.artifacts.put(BIG, "image/png")
    assert small.artifacts.read(digest) == BIG
    file_of(small, digest).unlink()
    with pytest.raises(MissingArtifact, match="is not in"):
        small.artifacts.read(digest)
    small.artifacts.put(BIG, "image/png")
    assert small.artifacts.read(digest) == BIG


def test_what_exceeds_the_quota_is_refused_and_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    with Storage.open(database_url, tmp_path / "artifacts", quota_bytes=10) as storage:
        kept = storage.artifacts.put(b"12345678", "text/plain").digest
        with pytest.raises(
            QuotaExceeded, match=r"3 bytes more do not fit: 8 of 10 are taken in .*'aetherist storage gc'"
        ):
            storage.artifacts.put(b"abc", "text/plain")
        storage.artifacts.put(b"12345678", "text/plain")
        storage.artifacts.put(b"ab", "text/plain")
        assert storage.artifacts.usage() == 10
        assert storage.artifacts.read(kept) == b"12345678"


def test_a_quota_holds_for_many_at_once(database_url: str, tmp_path: Path) -> None:
    def put(number: int) -> bool:
        try:
            storage.artifacts.put(b"%02d" % number * 50, "text/plain")
        except QuotaExceeded:
            return False
        return True

    with Storage.open(database_url, tmp_path / "artifacts", quota_bytes=500) as storage:
        with ThreadPoolExecutor(6) as many:
            assert sum(many.map(put, range(12))) == 5
        assert storage.artifacts.usage() == 500


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs to mount a small tmpfs; the quota's tests hold without")
    try:
        with Storage.open(f"sqlite:///{tmp_path}/a.db", disk / "artifacts") as storage:
            kept = storage.artifacts.put(b"kept", "text/plain").digest
            for data in (BIG, parts(BIG)):
                with pytest.raises(StorageFull, match="make room"):
                    storage.artifacts.put(data, "image/png")
            assert storage.artifacts.usage() == 4
            assert storage.artifacts.read(kept) == b"kept"
            assert storage.healthy() is None
            assert [path.name for path in disk.rglob("*") if path.is_file()] == [kept]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_store_that_does_not_answer_says_so(bucket: str, tmp_path: Path) -> None:
    with Storage.open(f"sqlite:///{tmp_path}/a.db", "s3://nobody-made-this/place") as storage:
        with pytest.raises(StorageUnavailable, match="s3://nobody-made-this/place: there is no such place"):
            storage.artifacts.put(b"1", "text/plain")
        assert storage.artifacts.usage() == 0
        assert "404 Not Found" in str(storage.healthy())


def test_places_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AddressError, match="file is a file; give a folder for the artifacts"):
        Storage.open(f"sqlite:///{tmp_path}/a.db", tmp_path / "file")
    with pytest.raises(AddressError, match="no address of a store"):
        Storage.open(f"sqlite:///{tmp_path}/a.db", "nowhere://bucket")
    with pytest.raises(StorageUnavailable, match=r"file/artifacts.*Not a directory"):
        Storage.open(f"sqlite:///{tmp_path}/a.db", tmp_path / "file" / "artifacts")
