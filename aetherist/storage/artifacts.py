"""Artifacts: bytes under the name of their digest, in a folder or an object store, with their rows in the database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from aetherist.storage.blobs import Blobs, Draft, drafted
from aetherist.storage.database import Database
from aetherist.storage.errors import MissingArtifact, QuotaExceeded
from aetherist.storage.tables import artifacts, references


@attrs.frozen
class Artifact:
    """What is known of some bytes: the SHA-256 that names them, their size, and what the first one to put them said."""

    digest: str
    size: int
    media_type: str
    name: str | None


class ArtifactStore:
    """Bytes by their digests; equal bytes are kept once.

    A row is written before its bytes, so that the database knows of everything there is. What no owner refers to may be
    collected some time after it was last put.

    Args:
        database: Where the rows are.
        blobs: Where the bytes are.
        quota_bytes: How many bytes there may be in all.
    """

    def __init__(self, database: Database, blobs: Blobs, quota_bytes: int | None = None) -> None:
        self.database = database
        self.blobs = blobs
        self.quota_bytes = quota_bytes

    @property
    def place(self) -> str:
        """Where the bytes are, for people."""
        return self.blobs.place

    def put(self, data: bytes | Iterable[bytes] | Path, media_type: str, name: str | None = None) -> Artifact:
        """Keep bytes, the parts of something larger, or what a file holds; return what they are called.

        Raises:
            QuotaExceeded: If they would take more room than is left.
            StorageFull: If the disk has no room.
            StorageUnavailable: If the store or the database does not answer.
        """
        with drafted(data, self.blobs.folder) as draft:
            fresh = self._announced(draft, media_type, name)
            try:
                self.blobs.create(draft)
            except BaseException:
                if fresh:
                    self._forget(draft.digest)
                raise
        return attrs.evolve(self.info(draft.digest), name=name)

    def info(self, digest: str) -> Artifact:
        """Return what is known of an artifact.

        Raises:
            MissingArtifact: If there is none of that digest.
        """
        with self.database.reading() as connection:
            return _info(connection, digest)

    def read(self, digest: str) -> bytes:
        """Return the bytes, which are those that were put.

        Raises:
            MissingArtifact: If there are none.
            DamagedArtifact: If there are others.
        """
        self.info(digest)
        return self.blobs.read(digest)

    def open(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes from ``start`` up to ``end``, in parts; nothing is given of what is damaged.

        All of them are read and held to the digest the first time, and again whenever the store says that they changed.

        Raises:
            MissingArtifact: If there are none.
            DamagedArtifact: If there are others.
        """
        size = self.info(digest).size
        self.blobs.demand_intact(digest, size)
        return self.blobs.parts(digest, start, size if end is None else min(end, size))

    def refer(self, digest: str, owner: str) -> None:
        """Keep an artifact for as long as its owner refers to it.

        Raises:
            MissingArtifact: If there is none of that digest.
        """
        with self.database.writing() as connection:
            refer(self.database, connection, digest, owner)

    def referred(self, owner: str) -> list[Artifact]:
        """Return what an owner refers to."""
        wanted = select(artifacts).join(references, references.c.digest == artifacts.c.digest)
        wanted = wanted.where(references.c.owner == owner).order_by(artifacts.c.created_at, artifacts.c.digest)
        with self.database.reading() as connection:
            return [Artifact(row.digest, row.size, row.media_type, row.name) for row in connection.execute(wanted)]

    def release(self, owner: str) -> None:
        """Forget what an owner refers to."""
        with self.database.writing() as connection:
            release(connection, [owner])

    def collect(self, older_than: float, strays: bool = False) -> list[str]:
        """Remove what no owner refers to and nobody put in the last seconds; return the digests.

        Args:
            older_than: Seconds, for those who have put something and are about to refer to it.
            strays: Remove also bytes that the database knows nothing of, left where it was replaced. Lists the store.
        """
        before = self.database.now() - timedelta(seconds=older_than)
        unreferred = ~select(references.c.digest).where(references.c.digest == artifacts.c.digest).exists()
        old = select(artifacts.c.digest).where(unreferred, artifacts.c.touched_at < before)
        with self.database.reading() as connection:
            candidates = list(connection.scalars(old.order_by(artifacts.c.digest)))
        removed = []
        for digest in candidates:
            # The bytes go while nobody can announce them again: who puts them now waits, and finds nothing there. Who
            # comes to refer to them at the last moment is refused, or makes the database refuse this.
            with contextlib.suppress(IntegrityError), self.database.writing(alone=True) as connection:
                gone = delete(artifacts).where(
                    artifacts.c.digest == digest, unreferred, artifacts.c.touched_at < before
                )
                if connection.execute(gone).rowcount:
                    self.blobs.delete(digest)
                    removed.append(digest)
        for digest in self.blobs.old(before) if strays else ():
            with self.database.writing(alone=True) as connection:
                if connection.scalar(select(artifacts.c.digest).where(artifacts.c.digest == digest)) is None:
                    self.blobs.delete(digest)
                    removed.append(digest)
        self.blobs.tidy(before)
        return removed

    def usage(self) -> int:
        """Return how many bytes there are in all."""
        with self.database.reading() as connection:
            return _usage(connection)

    def _announced(self, draft: Draft, media_type: str, name: str | None) -> bool:
        """Write the row of bytes that will come, or note that they are wanted again; return whether it is new."""
        at = self.database.now()
        with self.database.writing(alone=True) as connection:
            touched = update(artifacts).where(artifacts.c.digest == draft.digest).values(touched_at=at)
            if connection.execute(touched).rowcount:
                return False
            if self.quota_bytes is not None:
                self._demand_room(draft.size, _usage(connection))
            values = {"digest": draft.digest, "size": draft.size, "media_type": media_type, "name": name}
            connection.execute(artifacts.insert().values(**values, created_at=at, touched_at=at))
            return True

    def _demand_room(self, size: int, used: int) -> None:
        assert self.quota_bytes is not None
        if used + size > self.quota_bytes:
            raise QuotaExceeded(
                f"{size} bytes more do not fit: {used} of {self.quota_bytes} are taken in {self.place}; "
                "delete avatars, run 'aetherist storage gc', or raise storage.quota_bytes"
            )

    def _forget(self, digest: str) -> None:
        """Take back the row of bytes that did not come, unless others have put them meanwhile."""
        with self.database.writing(alone=True) as connection:
            if not self.blobs.has(digest):
                unreferred = ~select(references.c.digest).where(references.c.digest == digest).exists()
                connection.execute(delete(artifacts).where(artifacts.c.digest == digest, unreferred))


def refer(database: Database, connection: Connection, digest: str, owner: str) -> None:
    """Keep an artifact for an owner, in a transaction that does more.

    Raises:
        MissingArtifact: If there is none of that digest.
    """
    # The row is changed, and so held: it cannot be collected between the question and the reference.
    touched = update(artifacts).where(artifacts.c.digest == digest).values(touched_at=database.now())
    if not connection.execute(touched).rowcount:
        raise missing(digest)
    connection.execute(database.insert(references).values(digest=digest, owner=owner).on_conflict_do_nothing())


def release(connection: Connection, owners: Iterable[str] | Any) -> None:
    """Forget what owners refer to, in a transaction that does more."""
    connection.execute(delete(references).where(references.c.owner.in_(owners)))


def missing(digest: str) -> MissingArtifact:
    """Return the error of an artifact that is not there."""
    return MissingArtifact(f"there is no artifact {digest}")


def _info(connection: Connection, digest: str) -> Artifact:
    row = connection.execute(select(artifacts).where(artifacts.c.digest == digest)).one_or_none()
    if row is None:
        raise missing(digest)
    return Artifact(row.digest, row.size, row.media_type, row.name)


def _usage(connection: Connection) -> int:
    return int(connection.scalar(select(func.coalesce(func.sum(artifacts.c.size), 0))) or 0)
