"""Backups: everything, as it was at one moment, back in an empty place of any kind; damage is said, never kept."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aetherist.storage import Artifact, DamagedArtifact, OutdatedDatabase, Storage, StorageError
from aetherist.storage.backup import back_up
from aetherist.storage.database import Database
from aetherist.storage.migrating import migrate, revision
from aetherist.storage.restore import restore
from tests.storage.conftest import DATABASES, Clock

BIG = bytes(range(256)) * 10_000


def filled(storage: Storage) -> str:
    """Keep something of every kind; return the secret of a key."""
    artifact = storage.artifacts.put(BIG, "video/mp4", "orbit.mp4").digest
    storage.avatars.create(
        "tiny", "m", "d", artifact, 2**62, 0.7, {"age": 0.5, "odd": "\u00e9\n"}, name='Zo\u00eb, "x"'
    )
    storage.jobs.create("mesh", {"deep": [1, {"none": None}]}, "k", "order")
    storage.jobs.create("video", {})
    storage.jobs.claim("w")
    for job in storage.jobs.list(status="running"):
        storage.jobs.finish(job.id, "w", {"artifacts": [artifact]}, [artifact])
    storage.models.seen("tiny", "m", "tiny")
    storage.usage.add(model="tiny", pictures=3, seconds=0.1)
    storage.events.record("config.changed", detail={"limits.queue": 3})
    storage.secret("links")
    storage.keys.create("gone", ["read"])
    return storage.keys.create("studio", ["admin"], rate="5/second")[1]


def content(storage: Storage) -> list[object]:
    """Return everything that a storage says of itself."""
    avatars = storage.avatars.list()
    return [
        avatars,
        [storage.artifacts.read(avatar.artifact) for avatar in avatars],
        [storage.artifacts.info(avatar.artifact) for avatar in avatars],
        storage.jobs.list(),
        storage.keys.list(),
        storage.models.list(),
        storage.events.list(),
        storage.usage.report(bucket="hour"),
        storage.secret("links"),
        storage.artifacts.usage(),
    ]


@pytest.fixture(params=DATABASES)
def other_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """Another empty database, of either kind."""
    return new_database(request.param)


@pytest.fixture
def backup(small: Storage, tmp_path: Path) -> Path:
    """A backup of something of every kind."""
    filled(small)
    return back_up(small, tmp_path / "backup.zip").path


def test_everything_comes_back_in_a_database_of_either_kind(
    storage: Storage, other_url: str, tmp_path: Path, clock: Clock
) -> None:
    secret = filled(storage)
    loose = storage.artifacts.put(b"loose", "text/plain").digest
    made = back_up(storage, tmp_path / "backup.zip")
    assert (made.artifacts, made.size, made.lost) == (2, len(BIG) + 5, [])
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600
    back = restore(made.path, other_url, tmp_path / "other")
    assert (back.rows, back.artifacts, back.size) == (made.rows, made.artifacts, made.size)
    with Storage.open(other_url, tmp_path / "other", clock=clock, migrate=False) as other:
        assert content(other) == content(storage)
        assert other.keys.verify(secret) is not None
        assert other.jobs.create("mesh", {"deep": [1, {"none": None}]}, "k", "order")[1] is False
        clock.move(days=1)
        assert other.artifacts.collect(0) == [loose]
        assert other.jobs.claim("w") is not None


def test_a_folder_goes_to_a_bucket(backup: Path, small: Storage, bucket: str, tmp_path: Path, clock: Clock) -> None:
    restore(backup, f"sqlite:///{tmp_path}/other.db", bucket)
    with Storage.open(f"sqlite:///{tmp_path}/other.db", bucket, clock=clock) as other:
        assert content(other) == content(small)
        again = back_up(other, tmp_path / "again.zip")
    assert rows(again.path) == rows(backup)


def rows(backup: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(backup) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def test_a_backup_is_of_one_moment(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An avatar that is saved while the tables are written is in none of them, or in all."""
    from aetherist.storage import backup as module

    write, saved = module.write_table, []

    def writing(connection, table, file):  # type: ignore[no-untyped-def]
        artifact = storage.artifacts.put(f"file {len(saved)}".encode(), "text/plain").digest
        saved.append(storage.avatars.create("tiny", "m", "d", artifact))
        return write(connection, table, file)

    before = storage.artifacts.put(b"before", "text/plain").digest
    storage.avatars.create("tiny", "m", "d", before)
    monkeypatch.setattr(module, "write_table", writing)
    made = back_up(storage, tmp_path / "backup.zip")
    assert len(saved) > 5
    with zipfile.ZipFile(made.path) as archive:
        held = {name.partition("/")[2] for name in archive.namelist() if name.startswith("artifacts/")}
        lines = archive.read("tables/avatars.jsonl").splitlines()[1:]
    referred = {json.loads(line)[4] for line in lines}
    assert referred == held
    # The first of them is saved before the snapshot stands; no later one is seen.
    assert before in held
    assert len(held) <= 2


def test_what_is_collected_meanwhile_is_not_missed(
    small: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = small.artifacts.put(b"loose", "text/plain").digest
    kept = small.artifacts.put(b"kept", "text/plain").digest
    small.artifacts.refer(kept, "me")
    size, collected = small.artifacts.blobs.size, []

    def sized(digest: str) -> int:
        if not collected:
            collected.extend(small.artifacts.collect(-1))
        return size(digest)

    monkeypatch.setattr(small.artifacts.blobs, "size", sized)
    made = back_up(small, tmp_path / "backup.zip")
    assert collected == [loose]
    assert (made.artifacts, made.lost) == (1, [])


def test_damaged_and_missing_artifacts_are_left_out_and_named(small: Storage, tmp_path: Path) -> None:
    artifacts = [small.artifacts.put(f"{n}".encode() * 100, "text/plain") for n in range(3)]
    damaged, missing, _ = (artifact.digest for artifact in artifacts)
    file_of(small, artifacts[0]).write_bytes(b"else")
    file_of(small, artifacts[1]).unlink()
    made = back_up(small, tmp_path / "backup.zip")
    assert sorted(made.lost) == sorted([damaged, missing])
    assert made.artifacts == 1
    assert sorted(restore(made.path, f"sqlite:///{tmp_path}/b.db", tmp_path / "b").lost) == sorted(made.lost)


def file_of(storage: Storage, artifact: Artifact) -> Path:
    return Path(storage.artifacts.place) / artifact.digest[:2] / artifact.digest


def test_nothing_is_written_over(backup: Path, small: Storage, tmp_path: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(ValueError, match="is there already; give a new file"):
        back_up(small, backup)
    assert backup.read_bytes() == before
    with pytest.raises(StorageError, match=r"small\.db is not empty: it has .*; restore into a new database"):
        restore(backup, f"sqlite:///{tmp_path}/small.db", tmp_path / "new")
    with pytest.raises(StorageError, match=r"artifacts is not empty: it has artifact .*; restore into a new place"):
        restore(backup, f"sqlite:///{tmp_path}/new.db", small.artifacts.place)


def changed(backup: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Return another backup, with entries changed or left out."""
    path = backup.with_name("changed.zip")
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return path


def cases() -> Iterator[tuple[str, Callable[[str, bytes], bytes | None], type[Exception], str]]:
    """Return what may be wrong with a backup."""
    said = "is damaged"
    yield "artifact", lambda n, d: d[:-1] if n.startswith("artifacts/") else d, DamagedArtifact, "has other bytes"
    yield "table gone", lambda n, d: None if n == "tables/jobs.jsonl" else d, ValueError, said
    yield "table cut", lambda n, d: d[:-9] if n == "tables/keys.jsonl" else d, ValueError, said
    yield "other columns", lambda n, d: d.replace(b'"scopes"', b'"x"') if "keys" in n else d, ValueError, said
    yield "row twice", lambda n, d: d + d.splitlines(True)[-1] if n == "tables/keys.jsonl" else d, ValueError, said
    yield "manifest", lambda n, d: None if n == "manifest.json" else d, ValueError, "is no backup that"
    yield "newer", lambda _, d: d.replace(b'"0002"', b'"9999"'), OutdatedDatabase, "install the newer one"


@pytest.mark.parametrize(("change", "error", "said"), [case[1:] for case in cases()], ids=[case[0] for case in cases()])
def test_what_is_wrong_with_a_backup_is_said_and_nothing_is_left_of_it(
    backup: Path,
    tmp_path: Path,
    change: Callable[[str, bytes], bytes | None],
    error: type[Exception],
    said: str,
) -> None:
    url, place = f"sqlite:///{tmp_path}/new.db", tmp_path / "new"
    with pytest.raises(error, match=said):
        restore(changed(backup, change), url, place)
    assert not [path for path in place.rglob("*") if path.is_file()]
    assert restore(backup, url, place).artifacts == 1, "the place is as empty as it was"


def test_files_that_are_no_backups_are_refused(backup: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(backup.read_bytes()[:-200])
    (tmp_path / "text").write_text("no zip")
    for wrong in (cut, tmp_path / "text"):
        with pytest.raises(ValueError, match="is no backup: it is no zip file, or was cut off"):
            restore(wrong, f"sqlite:///{tmp_path}/new.db", tmp_path / "new")
    with pytest.raises(FileNotFoundError):
        restore(tmp_path / "none.zip", f"sqlite:///{tmp_path}/new.db", tmp_path / "new")


def test_a_backup_of_older_tables_is_brought_to_the_present_ones(
    small: Storage, other_url: str, tmp_path: Path
) -> None:
    """Made as the first version would have: without the tables that came later."""
    filled(small)
    newest = back_up(small, tmp_path / "backup.zip").path

    def older(name: str, data: bytes) -> bytes | None:
        if name == "manifest.json":
            manifest = json.loads(data)
            manifest["revision"] = "0001"
            for table in ("usage", "secrets"):
                del manifest["rows"][table]
            return json.dumps(manifest).encode()
        return None if name in ("tables/usage.jsonl", "tables/secrets.jsonl") else data

    restore(changed(newest, older), other_url, tmp_path / "other")
    with Storage.open(other_url, tmp_path / "other", migrate=False) as other:
        assert other.avatars.list() == small.avatars.list()
        assert other.jobs.list() == small.jobs.list()
        assert other.usage.report() == []


def test_an_empty_database_with_tables_takes_a_backup(backup: Path, other_url: str, tmp_path: Path) -> None:
    database = Database(other_url)
    migrate(database)
    restore(backup, other_url, tmp_path / "other")
    assert revision(database) == "0002"
    database.close()
