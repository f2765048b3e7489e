"""Opening a database, by those who may make it and by those who only look and leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from aetherist.storage.database import Database, now
from aetherist.storage.errors import MissingDatabase
from aetherist.storage.migrating import demand_current, migrate


def open_database(url: str, *, make: bool, lock_seconds: float = 5.0, clock: Callable[[], datetime] = now) -> Database:
    """Open a database whose tables are those of this program.

    Args:
        url: ``sqlite:///file`` or ``postgresql://user:password@host/name``.
        make: Bring the tables to this version of Aetherist, and make them where there are none.
        lock_seconds: How long to wait for another writer.
        clock: What time it is.

    Raises:
        AddressError: If the URL is neither.
        MissingDatabase: If there is none and none may be made.
        OutdatedDatabase: If the tables are newer, or others and may not be changed.
        StorageUnavailable: If it does not answer.
    """
    if not make:
        _demand_there(url)
    database = Database(url, lock_seconds, clock)
    try:
        migrate(database) if make else demand_current(database)
    except BaseException:
        database.close()
        raise
    return database


def _demand_there(url: str) -> None:
    """Look before SQLite does, which makes the file that it is asked to open."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return  # the database says what is wrong with it
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
        raise MissingDatabase(
            f"there is no database at {url} yet; 'aetherist serve' or 'aetherist keys create NAME' makes it"
        )
