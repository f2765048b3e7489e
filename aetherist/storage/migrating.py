"""Bringing the tables to a version, with Alembic."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from aetherist.storage.database import Database
from aetherist.storage.errors import OutdatedDatabase

FOLDER = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the version of the tables that this program knows."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def revision(database: Database) -> str | None:
    """Return the version of the tables; ``None`` where there are none."""
    with database.reading() as connection:
        return _revision(connection)


def migrate(database: Database, target: str = "head") -> None:
    """Bring the tables to a version, up or down, all the way or not at all. Of several at once, one does it.

    Raises:
        OutdatedDatabase: If they are newer than this program.
    """
    with database.writing(alone=True) as connection:
        current = _revision(connection)
        wanted = head() if target == "head" else target
        if current == wanted:
            return
        known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
        if current is not None and current not in known:
            raise OutdatedDatabase(_newer(database, current))
        down = wanted == "base" or (current in known and wanted in known and known.index(wanted) > known.index(current))
        with _alembic(connection) as config:
            step: Callable[..., None] = command.downgrade if down else command.upgrade
            step(config, wanted)


def demand_current(database: Database) -> None:
    """Raise an error that says what to do, unless the tables are those of this program.

    Raises:
        OutdatedDatabase: If they are older, newer or missing.
    """
    current = revision(database)
    if current == head():
        return
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    if current is not None and current not in known:
        raise OutdatedDatabase(_newer(database, current))
    state = "has no tables" if current is None else f"has tables of version {current}, and this program needs {head()}"
    raise OutdatedDatabase(f"{database.place} {state}; run 'aetherist storage migrate'")


def _newer(database: Database, current: str) -> str:
    return (
        f"{database.place} has tables of version {current}, which this program does not know; "
        "install the newer Aetherist that made them"
    )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


@contextlib.contextmanager
def _alembic(connection: Connection) -> Iterator[Config]:
    config = _config()
    config.attributes["connection"] = connection
    yield config
