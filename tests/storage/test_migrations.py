"""Migrations: up and down with what is in the tables, to the tables that the code knows, and by one of many at once."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from aetherist.storage import OutdatedDatabase, Storage
from aetherist.storage.database import Database
from aetherist.storage.migrating import head, migrate, revision
from aetherist.storage.tables import metadata
from tests.storage.racers import printed, race

VERSIONS = ["0001", "0002"]


def test_the_newest_version_is_the_last(database_url: str) -> None:
    assert head() == VERSIONS[-1]


def test_migrations_lead_to_the_tables_that_the_code_knows(storage: Storage) -> None:
    with storage.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_what_is_in_the_tables_survives_all_the_way_down_but_one_and_up_again(storage: Storage) -> None:
    artifact = storage.artifacts.put(b"kept", "text/plain").digest
    avatar = storage.avatars.create("tiny", "d", "d", artifact, seed=7, attributes={"age": 0.5})
    job = storage.jobs.create("video", {"a": [1, None]}, "k", "order")[0]
    _, secret = storage.keys.create("studio", ["admin"])
    event = storage.events.record("config.changed", detail={"by": "me"})
    storage.usage.add(model="tiny")
    for version in (*reversed(VERSIONS), *VERSIONS):
        migrate(storage.database, version)
        assert revision(storage.database) == version
    assert storage.avatars.get(avatar.id) == avatar
    assert storage.artifacts.read(artifact) == b"kept"
    assert storage.jobs.create("video", {"a": [1, None]}, "k", "order") == (job, False)
    assert storage.keys.verify(secret) is not None
    assert storage.events.list() == [event]
    assert storage.usage.report() == [], "the first version had no place for usage"


def test_all_the_way_down_leaves_nothing(storage: Storage) -> None:
    migrate(storage.database, "base")
    assert revision(storage.database) is None
    with storage.database.reading() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    migrate(storage.database)
    assert storage.jobs.list() == []


def test_a_migration_that_fails_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(database_url)
    migrate(database, "0001")
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE secrets (nobody INTEGER)"))
    with pytest.raises(Exception, match="secrets"):
        migrate(database)
    assert revision(database) == "0001"
    with database.reading() as connection:
        assert "usage" not in inspect(connection).get_table_names()
    database.close()


def test_tables_of_other_versions_are_refused_with_what_to_do(database_url: str, tmp_path: Path) -> None:
    def opened() -> None:
        Storage.open(database_url, tmp_path / "artifacts", migrate=False).close()

    database = Database(database_url)
    assert revision(database) is None
    with pytest.raises(OutdatedDatabase, match="has no tables; run 'aetherist storage migrate'"):
        opened()
    migrate(database, "0001")
    with pytest.raises(OutdatedDatabase, match="has tables of version 0001, and this program needs 0002; run"):
        opened()
    migrate(database)
    opened()
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for way in (True, False):
        with pytest.raises(OutdatedDatabase, match=r"version 9999 of the tables is not known .* install the newer"):
            Storage.open(database_url, tmp_path / "artifacts", migrate=way)


def test_a_version_that_is_none_is_refused(small: Storage) -> None:
    with pytest.raises(OutdatedDatabase, match="what was asked for: version 0000 of the tables is not known"):
        migrate(small.database, "0000")


def test_of_many_that_start_at_once_one_makes_the_tables(database_url: str, tmp_path: Path) -> None:
    ids = printed(*race("open", (database_url, str(tmp_path / "artifacts")), *"abc"))
    with Storage.open(database_url, tmp_path / "artifacts", migrate=False) as storage:
        assert sorted(job.id for job in storage.jobs.list()) == sorted(chain(*ids))
