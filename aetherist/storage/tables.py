"""The tables of the database as they are now; ``migrations`` is how they came to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A time in UTC, also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Go to UTC, and leave the zone out for SQLite."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Say that it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """A text from anywhere: what no database takes, NUL and halves of surrogate pairs, becomes a mark."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """Replace what cannot be stored."""
        return None if value is None else value.encode("utf-8", "replace").decode().replace("\0", "?")


def _json() -> JSON:
    return JSON(none_as_null=True)


def _text(name: str, *rest: Any, **options: Any) -> Column[str]:
    return Column(name, Words, *rest, **{"nullable": False, **options})


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

artifacts = Table(
    "artifacts",
    metadata,
    _text("digest", primary_key=True),
    Column("size", BigInteger, nullable=False),
    _text("media_type"),
    _text("name", nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("touched_at", Moment, nullable=False, index=True),
)

references = Table(
    "artifact_references",
    metadata,
    _text("digest", ForeignKey("artifacts.digest"), primary_key=True),
    _text("owner", primary_key=True, index=True),
)

models = Table(
    "models",
    metadata,
    _text("name", primary_key=True),
    _text("digest", primary_key=True),
    _text("source"),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)

avatars = Table(
    "avatars",
    metadata,
    _text("id", primary_key=True),
    _text("model"),
    _text("model_digest"),
    _text("digest"),
    _text("artifact"),
    Column("seed", BigInteger),
    Column("psi", Double),
    Column("attributes", _json(), nullable=False),
    _text("name", nullable=True),
    _text("key_id", nullable=True),
    Column("created_at", Moment, nullable=False),
    Index(None, "model", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),
    Column("request", _json(), nullable=False),
    _text("request_digest"),
    _text("idempotency", nullable=True, unique=True),
    _text("status"),
    Column("progress", Double, nullable=False),
    _text("message"),
    Column("attempts", Integer, nullable=False),
    _text("worker", nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("heartbeat_at", Moment),
    Column("finished_at", Moment),
    Column("result", _json()),
    Column("problem", _json()),
    Column("cancel_requested", Boolean, nullable=False),
    _text("key_id", nullable=True),
    Index(None, "status", "id"),
)

keys = Table(
    "keys",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    Column("scopes", _json(), nullable=False),
    _text("rate", nullable=True),
    Column("hash", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

events = Table(
    "events",
    metadata,
    _text("id", primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    _text("kind"),
    _text("key_id", nullable=True),
    _text("model", nullable=True),
    Column("detail", _json(), nullable=False),
    Index(None, "kind", "id"),
)

usage = Table(
    "usage",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    _text("model", primary_key=True),
    _text("key_id", primary_key=True),
    _text("operation", primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("pictures", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("errors", BigInteger, nullable=False),
)
"""``hour`` counts the hours since 1970 in UTC; nobody's key and no model are empty texts, as a primary key wants."""

secrets = Table(
    "secrets",
    metadata,
    _text("name", primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
