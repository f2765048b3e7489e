"""Events: what happened, for audits and analytics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import select

from aetherist.storage.database import Database
from aetherist.storage.identifiers import identifier
from aetherist.storage.tables import events


@attrs.frozen
class EventRow:
    """Something that happened: its kind is a dotted name such as ``config.changed``."""

    id: str
    at: datetime
    kind: str
    key_id: str | None
    model: str | None
    detail: dict[str, Any]


class Events:
    """The events, in the order in which they were recorded."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(
        self, kind: str, key_id: str | None = None, model: str | None = None, detail: dict[str, Any] | None = None
    ) -> EventRow:
        """Write down that something happened."""
        row = EventRow(identifier("ev"), self.database.now(), kind, key_id, model, detail or {})
        with self.database.writing() as connection:
            connection.execute(events.insert().values(**attrs.asdict(row)))
        return row

    def list(
        self,
        kind: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        before: str | None = None,
    ) -> list[EventRow]:
        """Return events, the newest first; a kind that ends in ``.*`` stands for all that begin so."""
        wanted = select(events).order_by(events.c.id.desc()).limit(limit)
        if kind is not None:
            prefix = kind.removesuffix("*")
            alike = events.c.kind.startswith(prefix, autoescape=True) if prefix != kind else events.c.kind == kind
            wanted = wanted.where(alike)
        if since is not None:
            wanted = wanted.where(events.c.at >= since)
        if before is not None:
            wanted = wanted.where(events.c.id < before)
        with self.database.reading() as connection:
            return [EventRow(**row._mapping) for row in connection.execute(wanted)]
