"""Bringing the tables to a version, with Alembic."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from aetherist.storage.database import Database
from aetherist.storage.errors import OutdatedDatabase

FOLDER = Path(__file__).parent / "migrations"

_alembic = threading.Lock()
"""What runs migrations is one to a process: Alembic keeps it in a module."""


def head() -> str:
    """Return the version of the tables that this program knows."""
    found = _scripts().get_current_head()
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
    if revision(database) == head() and target == "head":
        return
    with _alembic, database.writing(alone=True) as connection:
        current = _revision(connection)
        versions = _versions()
        wanted = {"head": versions[-1], "base": None}.get(target, target)
        for version, place in ((current, database.place), (wanted, "what was asked for")):
            if version not in versions:
                raise OutdatedDatabase(_newer(place, version))
        config = _config()
        config.attributes["connection"] = connection
        if versions.index(wanted) > versions.index(current):
            command.upgrade(config, wanted or "base")
        elif wanted != current:
            command.downgrade(config, wanted or "base")


def demand_current(database: Database) -> None:
    """Raise an error that says what to do, unless the tables are those of this program.

    Raises:
        OutdatedDatabase: If they are older, newer or missing.
    """
    current = revision(database)
    if current == head():
        return
    if current not in _versions():
        raise OutdatedDatabase(_newer(database.place, current))
    state = "has no tables" if current is None else f"has tables of version {current}, and this program needs {head()}"
    raise OutdatedDatabase(f"{database.place} {state}; run 'aetherist storage migrate'")


def _versions() -> list[str | None]:
    """Return all versions, from no tables at all to those of this program."""
    return [None, *(script.revision for script in reversed(list(_scripts().walk_revisions())))]


def _newer(place: str, version: str | None) -> str:
    return (
        f"{place}: version {version} of the tables is not known to this Aetherist; install the newer one that made them"
    )


def _revision(connection: Connection) -> str | None:
    # It makes a table of its own each time it asks: SQLAlchemy would keep each as another statement.
    return MigrationContext.configure(connection.execution_options(compiled_cache=None)).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
