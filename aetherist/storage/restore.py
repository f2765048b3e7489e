"""Putting a backup back, into an empty place."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from aetherist.storage.backup import FORMAT, Backup
from aetherist.storage.blobs import PART, Blobs, drafted
from aetherist.storage.database import Database
from aetherist.storage.dump import read_table, reflected
from aetherist.storage.errors import DamagedArtifact, StorageError
from aetherist.storage.migrating import migrate
from aetherist.storage.tables import metadata

_ARTIFACT = re.compile(r"artifacts/([0-9a-f]{64})")


def restore(path: str | Path, database_url: str, artifacts_url: str | Path) -> Backup:
    """Put a backup back into an empty database and an empty place of artifacts, of any kind that is supported.

    A backup of an older Aetherist is brought to this one's tables. Every artifact is held to its digest. What fails
    half way leaves both places empty.

    Raises:
        ValueError: If the file is no backup, or is damaged.
        StorageError: If either place is not empty.
        OutdatedDatabase: If the backup is of a newer Aetherist.
    """
    path = Path(path)
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is no backup: it is no zip file, or was cut off") from None
    with archive:
        manifest = _manifest(path, archive)
        database = Database(database_url)
        try:
            blobs = Blobs(str(artifacts_url))
            _demand_empty(database, blobs)
            try:
                return _restored(path, archive, manifest, database, blobs)
            except (KeyError, ValueError, zipfile.BadZipFile, zlib.error, SQLAlchemyError) as error:
                said = next(iter(str(error).splitlines()), "")
                raise ValueError(f"{path} is damaged: {said}") from error
        finally:
            database.close()


def _restored(path: Path, archive: zipfile.ZipFile, manifest: Any, database: Database, blobs: Blobs) -> Backup:
    migrate(database, "base")
    migrate(database, manifest["revision"])
    names = [found[1] for name in archive.namelist() if (found := _ARTIFACT.fullmatch(name))]
    put: list[str] = []
    size = rows = 0
    try:
        for digest in names:
            with drafted(_parts(archive, f"artifacts/{digest}"), blobs.folder) as draft:
                if draft.digest != digest:
                    raise DamagedArtifact(f"{path} is damaged: artifact {digest} has other bytes")
                put.append(digest)
                blobs.create(draft)
                size += draft.size
        with database.writing(alone=True) as connection:
            for table in reflected(connection, list(manifest["rows"])):
                with archive.open(f"tables/{table.name}.jsonl") as lines:
                    rows += read_table(connection, table, iter(lines))
    except BaseException:
        for digest in put:
            blobs.delete(digest)
        raise
    migrate(database)
    return Backup(path, rows, len(names), size, list(manifest["lost"]))


def _manifest(path: Path, archive: zipfile.ZipFile) -> Any:
    try:
        manifest = json.loads(archive.read("manifest.json"))
    except (KeyError, ValueError, zipfile.BadZipFile):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{path} is no backup that 'aetherist storage backup' made")
    return manifest


def _demand_empty(database: Database, blobs: Blobs) -> None:
    with database.reading() as connection:
        there = set(inspect(connection).get_table_names())
        for table in metadata.sorted_tables:
            if table.name in there and connection.scalar(select(func.count()).select_from(table)):
                raise StorageError(f"{database.place} is not empty: it has {table.name}; restore into a new database")
    for digest, _, _ in blobs.all():
        raise StorageError(f"{blobs.place} is not empty: it has artifact {digest}; restore into a new place")


def _parts(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while part := file.read(PART):
            yield part
