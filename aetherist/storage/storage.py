"""Everything that a gateway keeps, opened at once."""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from aetherist.storage.artifacts import ArtifactStore
from aetherist.storage.avatars import Avatars, Models
from aetherist.storage.blobs import Blobs
from aetherist.storage.database import Database, now
from aetherist.storage.errors import StorageError
from aetherist.storage.events import Events
from aetherist.storage.jobs import Jobs
from aetherist.storage.keys import Keys
from aetherist.storage.migrating import demand_current
from aetherist.storage.opening import open_database
from aetherist.storage.tables import secrets
from aetherist.storage.usage import Usage


class Storage:
    """Artifacts, jobs, avatars, models, keys, events and usage; many threads and processes may have it open.

    Use ``Storage.open``.
    """

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self.database = database
        self.artifacts = artifacts
        self.jobs = Jobs(database)
        self.avatars = Avatars(database)
        self.models = Models(database)
        self.keys = Keys(database)
        self.events = Events(database)
        self.usage = Usage(database)

    @classmethod
    def open(
        cls,
        database_url: str,
        artifacts_url: str | Path,
        quota_bytes: int | None = None,
        *,
        migrate: bool = True,
        lock_seconds: float = 5.0,
        clock: Callable[[], datetime] = now,
    ) -> Storage:
        """Open a database and a place of artifacts.

        Args:
            database_url: ``sqlite:///file`` or ``postgresql://user:password@host/name``.
            artifacts_url: A folder, or the address of an object store: ``s3://bucket/folder``.
            quota_bytes: How many bytes of artifacts there may be.
            migrate: Make what is not there, and bring the tables to this version of Aetherist. Without it nothing is
                made or changed, and a folder of artifacts that is not there is an empty one.
            lock_seconds: How long to wait for another program that writes to the database.
            clock: What time it is.

        Raises:
            AddressError: If either is named wrongly.
            MissingDatabase: If there is none and none may be made.
            OutdatedDatabase: If the tables are newer, or older and may not be migrated.
            StorageUnavailable: If either does not answer.
        """
        database = open_database(database_url, make=migrate, lock_seconds=lock_seconds, clock=clock)
        try:
            return cls(database, ArtifactStore(database, Blobs(str(artifacts_url), make=migrate), quota_bytes))
        except BaseException:
            database.close()
            raise

    def secret(self, name: str) -> bytes:
        """Return 32 bytes of chance that are the same each time, for whoever shares the database."""
        insert = self.database.insert(secrets).values(name=name, value=chance.token_bytes(32))
        with self.database.writing() as connection:
            connection.execute(insert.on_conflict_do_nothing())
            found = connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
            assert isinstance(found, bytes)
            return found

    def healthy(self) -> str | None:
        """Return what is wrong with the database or the artifacts, ``None`` if nothing is."""
        try:
            demand_current(self.database)
            self.artifacts.blobs.demand_working()
        except StorageError as error:
            return str(error)
        return None

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def __enter__(self) -> Storage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
