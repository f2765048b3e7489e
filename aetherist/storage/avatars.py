"""Avatars that were saved, and the models that made them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import Row, delete, select, update

from aetherist.storage.artifacts import refer, release
from aetherist.storage.database import Database
from aetherist.storage.errors import MissingError
from aetherist.storage.identifiers import identifier
from aetherist.storage.tables import avatars, models


@attrs.frozen
class AvatarRow:
    """A saved avatar: ``artifact`` is the digest of its file, ``digest`` that of the person."""

    id: str
    model: str
    model_digest: str
    digest: str
    artifact: str
    seed: int | None
    psi: float | None
    attributes: dict[str, Any]
    name: str | None
    key_id: str | None
    created_at: datetime


class Avatars:
    """The avatars; each keeps the artifact that holds its file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self,
        model: str,
        model_digest: str,
        digest: str,
        artifact: str,
        seed: int | None = None,
        psi: float | None = None,
        attributes: dict[str, Any] | None = None,
        name: str | None = None,
        key_id: str | None = None,
    ) -> AvatarRow:
        """Save an avatar whose file is an artifact.

        Raises:
            MissingArtifact: If there is no such artifact.
        """
        id = identifier("av")
        made = {"model": model, "model_digest": model_digest, "digest": digest, "artifact": artifact}
        insert = avatars.insert().values(id=id, seed=seed, psi=psi, attributes=attributes or {}, **made)
        insert = insert.values(name=name, key_id=key_id, created_at=self.database.now())
        with self.database.writing() as connection:
            refer(self.database, connection, artifact, id)
            return _avatar(connection.execute(insert.returning(avatars)).one(), id)

    def get(self, id: str) -> AvatarRow:
        """Return an avatar.

        Raises:
            MissingError: If there is none of that id.
        """
        with self.database.reading() as connection:
            row = connection.execute(select(avatars).where(avatars.c.id == id)).one_or_none()
        return _avatar(row, id)

    def list(self, model: str | None = None, limit: int = 50, before: str | None = None) -> list[AvatarRow]:
        """Return avatars, the newest first; ``before`` is the id of the last one that is known already."""
        wanted = select(avatars).order_by(avatars.c.id.desc()).limit(limit)
        if model is not None:
            wanted = wanted.where(avatars.c.model == model)
        if before is not None:
            wanted = wanted.where(avatars.c.id < before)
        with self.database.reading() as connection:
            return [_avatar(row, row.id) for row in connection.execute(wanted)]

    def rename(self, id: str, name: str | None) -> AvatarRow:
        """Give an avatar another name.

        Raises:
            MissingError: If there is none of that id.
        """
        named = update(avatars).where(avatars.c.id == id).values(name=name).returning(avatars)
        with self.database.writing() as connection:
            return _avatar(connection.execute(named).one_or_none(), id)

    def delete(self, id: str) -> None:
        """Remove an avatar; its file may be collected then.

        Raises:
            MissingError: If there is none of that id.
        """
        with self.database.writing() as connection:
            if not connection.execute(delete(avatars).where(avatars.c.id == id)).rowcount:
                raise _missing(id)
            release(connection, [id])


@attrs.frozen
class ModelRow:
    """A model that was served, by its name and digest."""

    name: str
    digest: str
    source: str
    first_seen: datetime
    last_seen: datetime


class Models:
    """The models that were ever served here, so that old avatars can be told from new ones."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def seen(self, name: str, digest: str, source: str) -> None:
        """Note that a model is served."""
        at = self.database.now()
        insert = self.database.insert(models).values(
            name=name, digest=digest, source=source, first_seen=at, last_seen=at
        )
        with self.database.writing() as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["name", "digest"], set_={"source": source, "last_seen": at}
                )
            )

    def list(self) -> list[ModelRow]:
        """Return the models, by name, the latest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(models).order_by(models.c.name, models.c.last_seen.desc()))
            return [ModelRow(**row._mapping) for row in rows]


def _avatar(row: Row[Any] | None, id: str) -> AvatarRow:
    if row is None:
        raise _missing(id)
    return AvatarRow(**row._mapping)


def _missing(id: str) -> MissingError:
    return MissingError(f"there is no avatar {id}")
