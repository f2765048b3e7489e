"""The database: SQLite or PostgreSQL by URL, transactions that read or write, and errors that say what is wrong."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from aetherist.storage.errors import AddressError, DatabaseLocked, StorageError, StorageFull, StorageUnavailable

LOCK = 0x61657468
"""The number of the lock of PostgreSQL that stands for SQLite's one writer."""

POOL = {"pool_size": 8, "max_overflow": 32}
"""Connections that stay open, and more for as many threads as a server has."""

_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100")
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40P01", "40001", "57014")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Database:
    """A pool of connections.

    Args:
        url: ``sqlite:///file`` or ``postgresql://user:password@host/name``.
        lock_seconds: How long to wait for another writer.
        clock: What time it is.

    Raises:
        AddressError: If the URL is neither.
        StorageUnavailable: If SQLite's file has no folder, and none can be made.
    """

    def __init__(self, url: str, lock_seconds: float = 5.0, clock: Callable[[], datetime] = now) -> None:
        self.url = _parsed(url)
        self.lock_seconds = lock_seconds
        self.now = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: Engine = self._sqlite() if self.is_sqlite else self._postgresql()

    @property
    def place(self) -> str:
        """Where it is, for people: without the password."""
        return self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def reading(self, snapshot: bool = False) -> Iterator[Connection]:
        """Look at the database; a snapshot stands still until the end, whatever others write."""
        with self._errors(), self.engine.connect() as connection:
            if snapshot and not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self, alone: bool = False) -> Iterator[Connection]:
        """Change the database, all of it or nothing.

        Args:
            alone: Keep out all others that write alone. On SQLite there is one writer at a time anyway.
        """
        with self._errors(), self.engine.connect() as connection:
            connection = connection.execution_options(writing=True)
            with connection.begin():
                if alone and not self.is_sqlite:
                    connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
                yield connection

    def insert(self, table: Table) -> Any:
        """Return an insert that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _sqlite(self) -> Engine:
        assert self.url.database is not None
        folder = Path(self.url.database).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(f"{self.place}: {folder} cannot be made: {error.strerror}") from None
        engine = sqlalchemy.create_engine(self.url, connect_args={"timeout": self.lock_seconds}, **POOL)

        @event.listens_for(engine, "connect")
        def connected(connection: sqlite3.Connection, _: Any) -> None:
            # Python's own idea of when a transaction begins comes too late for reads and is never immediate.
            connection.isolation_level = None
            _write_ahead(connection, self.lock_seconds)
            for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def begun(connection: Connection) -> None:
            # A reader that becomes a writer half way is refused at once where another one wrote meanwhile.
            writing = connection.get_execution_options().get("writing", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        return engine

    def _postgresql(self) -> Engine:
        options: dict[str, Any] = {} if "connect_timeout" in self.url.query else {"connect_timeout": 5}
        if "options" not in self.url.query:
            options["options"] = f"-c lock_timeout={round(self.lock_seconds * 1000)} -c timezone=UTC"
        try:
            return sqlalchemy.create_engine(self.url, pool_pre_ping=True, connect_args=options, **POOL)
        except ImportError:
            raise AddressError(f"{self.place} needs psycopg; pip install 'aetherist[postgres]'") from None

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._meant(error) from error
        except PoolTimeout:
            raise DatabaseLocked(f"{self.place}: all connections are at work, and none was free in time") from None

    def _meant(self, error: DBAPIError) -> StorageError:
        """Return the error of ours that says what the driver's means."""
        code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
        said = next(iter(str(error.orig).splitlines()), "").strip()
        if code in _FULL:
            return StorageFull(f"{self.place}: no room on the disk ({said}); make room, nothing was changed")
        if code.startswith(_LOCKED):
            waited = f"another program has held it for {self.lock_seconds:g} s"
            return DatabaseLocked(f"{self.place} is locked: {waited}; end that program, or try again")
        if code.startswith(_DAMAGED):
            return StorageUnavailable(
                f"{self.place} is damaged or no database ({said}); 'aetherist storage restore' puts a backup back"
            )
        return StorageUnavailable(f"{self.place} cannot be used: {said}")


def _write_ahead(connection: sqlite3.Connection, seconds: float) -> None:
    """Let readers and a writer work at the same time; a file that does so already stays as it is."""
    end = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:
            # For this SQLite does not wait by itself: of many that open a new file at once, all but one are refused.
            if not error.sqlite_errorname.startswith(_LOCKED) or time.monotonic() >= end:
                raise
            time.sleep(0.01)


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise AddressError(
            f"{_shown(text)} is no URL of a database; write sqlite:///folder/aetherist.db or postgresql://..."
        ) from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise AddressError(f"{backend} is no database that is supported; write sqlite:///... or postgresql://...")
    if url.database in (None, "", ":memory:"):
        raise AddressError(f"{text} has no file: processes share it; write sqlite:///folder/aetherist.db")
    return url


def _shown(text: str) -> str:
    """Return what can be shown of something that may hold a password."""
    return "..." + text.rpartition("@")[2] if "@" in text else text
