"""A backup: one zip file with every row and every artifact, whatever database and store they come from."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import select

from aetherist.base.files import whole
from aetherist.storage.dump import write_table
from aetherist.storage.errors import DamagedArtifact, MissingArtifact, StorageError
from aetherist.storage.migrating import head
from aetherist.storage.storage import Storage
from aetherist.storage.tables import artifacts, metadata

FORMAT = "aetherist-backup"
TRIES = 3


@attrs.frozen
class Backup:
    """What a backup holds; ``lost`` are artifacts that are damaged or missing, and so are not in it."""

    path: Path
    rows: int
    artifacts: int
    size: int
    lost: list[str]


class _Collected(Exception):
    """An artifact was collected while the backup was written."""


def back_up(storage: Storage, path: str | Path) -> Backup:
    """Write everything to a new file, as it is at one moment; servers may go on working.

    The file is readable by its owner alone: it holds the hashes of keys, and the secrets that sign names.

    Raises:
        ValueError: If there is such a file already.
        OSError: If it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise ValueError(f"{path} is there already; give a new file")
    with whole(path) as draft:
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                made = _written(storage, draft)
                break
            except _Collected as error:
                if last:
                    raise StorageError(
                        f"artifacts are collected while they are backed up ({error}); try again"
                    ) from None
        return attrs.evolve(made, path=path)


def _written(storage: Storage, path: Path) -> Backup:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        rows: dict[str, int] = {}
        with storage.database.reading(snapshot=True) as connection:
            for table in metadata.sorted_tables:
                with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                    rows[table.name] = write_table(connection, table, lines)
            digests = list(connection.scalars(select(artifacts.c.digest).order_by(artifacts.c.digest)))
        lost = []
        size = 0
        for digest in digests:
            kept = _kept(storage, archive, digest)
            if kept is None:
                lost.append(digest)
            size += kept or 0
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "revision": head(),
            "created_at": storage.database.now().isoformat(),
            "rows": rows,
            "artifacts": len(digests) - len(lost),
            "lost": lost,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=2))
    return Backup(path, sum(rows.values()), len(digests) - len(lost), size, lost)


def _kept(storage: Storage, archive: zipfile.ZipFile, digest: str) -> int | None:
    """Put an artifact into the archive; return its size, ``None`` if it is damaged or missing."""
    blobs = storage.artifacts.blobs
    try:
        size = blobs.size(digest)
        blobs.demand_intact(digest, size)
    except MissingArtifact:
        try:
            storage.artifacts.info(digest)
        except MissingArtifact:
            raise _Collected(digest) from None
        return None
    except DamagedArtifact:
        return None
    entry = zipfile.ZipInfo(f"artifacts/{digest}")
    hashed = hashlib.sha256()
    with archive.open(entry, "w", force_zip64=True) as file:
        for part in blobs.parts(digest, 0, size):
            hashed.update(part)
            file.write(part)
    if hashed.hexdigest() != digest:
        raise DamagedArtifact(f"artifact {digest} changed in {blobs.place} while it was backed up; try again")
    return size
