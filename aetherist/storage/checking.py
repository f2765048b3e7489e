"""Whether everything is as the database says: each artifact there and intact, each reference to something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import attrs
from sqlalchemy import select, text

from aetherist.storage.errors import MissingArtifact
from aetherist.storage.storage import Storage
from aetherist.storage.tables import artifacts, avatars, references

COMING = timedelta(minutes=1)
"""How long bytes may take to come after their row."""


@attrs.frozen
class Report:
    """What is wrong: digests of artifacts whose bytes are missing, damaged or unknown, and what the database says."""

    checked: int
    size: int
    missing: list[str]
    damaged: list[str]
    strays: list[str]
    """Bytes without a row; ``collect`` removes them."""
    database: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing is lost; strays do no harm."""
        return not (self.missing or self.damaged or self.database)


def check(storage: Storage, tell: Callable[[int, int], None] | None = None) -> Report:
    """Read every artifact and hold it to its digest; ``tell`` hears how many of how many are read."""
    with storage.database.reading() as connection:
        columns = (artifacts.c.digest, artifacts.c.size, artifacts.c.touched_at)
        rows = list(connection.execute(select(*columns).order_by(artifacts.c.digest)))
        database = []
        if storage.database.is_sqlite:
            database = [line for line in connection.scalars(text("PRAGMA integrity_check")) if line != "ok"]
        referred = references.c.digest == avatars.c.artifact
        kept = select(references).where(referred, references.c.owner == avatars.c.id).exists()
        database += [f"avatar {id} has lost its file" for id in connection.scalars(select(avatars.c.id).where(~kept))]
    blobs = storage.artifacts.blobs
    missing, damaged = [], []
    young = storage.database.now() - COMING
    for number, (digest, size, touched) in enumerate(rows, 1):
        try:
            if blobs.size(digest) != size or blobs.digest(digest) != digest:
                damaged.append(digest)
        except MissingArtifact:
            if touched < young:
                missing.append(digest)
        if tell is not None:
            tell(number, len(rows))
    known = {row.digest for row in rows}
    unknown = [digest for digest, _, _ in blobs.all() if digest not in known]
    strays = [digest for digest in unknown if not _known(storage, digest)]
    return Report(len(rows), sum(row.size for row in rows), missing, damaged, strays, database)


def _known(storage: Storage, digest: str) -> bool:
    """Whether an artifact came while the others were checked."""
    try:
        storage.artifacts.info(digest)
    except MissingArtifact:
        return False
    return True
