"""Who only looks makes nothing and changes nothing: neither a database, nor its tables, nor a folder of artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.storage import AddressError, MissingArtifact, MissingDatabase, Storage, StorageUnavailable
from aetherist.storage.database import Database
from aetherist.storage.migrating import revision
from aetherist.storage.opening import open_database


def test_where_there_is_no_database_it_says_what_makes_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/aetherist.db"
    with pytest.raises(MissingDatabase) as caught:
        Storage.open(url, tmp_path / "artifacts", migrate=False)
    assert f"there is no database at {url} yet; 'aetherist serve' or" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_it_is_made_for_whoever_may_make_it(database_url: str) -> None:
    open_database(database_url, make=True).close()
    open_database(database_url, make=False).close()


def test_what_is_no_url_is_said_as_ever(tmp_path: Path) -> None:
    with pytest.raises(AddressError, match="is no URL of a database"):
        open_database("aetherist.db", make=False)


def test_older_tables_stay_as_they_are(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with Database(url).reading():
        pass
    with pytest.raises(StorageUnavailable, match="run 'aetherist storage migrate'"):
        open_database(url, make=False)
    assert revision(Database(url)) is None


def test_a_folder_of_artifacts_that_is_not_there_holds_nothing_and_takes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    open_database(url, make=True).close()
    with Storage.open(url, tmp_path / "artifacts", migrate=False) as storage:
        assert list(storage.artifacts.blobs.all()) == []
        with pytest.raises(MissingArtifact):
            storage.artifacts.blobs.read("0" * 64)
        with pytest.raises(StorageUnavailable, match="is not there, and was not to be made"):
            storage.artifacts.put(b"hello", "text/plain")
    assert not (tmp_path / "artifacts").exists()
