"""Usage by the hour: how much was asked for, of which model, with which key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Integer, cast, func, select

from aetherist.storage.database import Database
from aetherist.storage.tables import usage

FIELDS = ("model", "key_id", "operation")
COUNTS = ("count", "pictures", "seconds", "errors")
_HOURS = {"hour": 1, "day": 24}


class Usage:
    """Sums for each hour; a million requests are as many rows as one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        at: datetime | None = None,
        model: str | None = None,
        key_id: str | None = None,
        operation: str = "",
        count: int = 1,
        pictures: int = 0,
        seconds: float = 0.0,
        errors: int = 0,
    ) -> None:
        """Add to the hour that a time lies in; by default the present one."""
        named = {"model": model or "", "key_id": key_id or "", "operation": operation}
        counted = {"count": count, "pictures": pictures, "seconds": seconds, "errors": errors}
        insert = self.database.insert(usage).values(hour=_hour(at or self.database.now()), **named, **counted)
        added = {name: usage.c[name] + insert.excluded[name] for name in COUNTS}
        with self.database.writing() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["hour", *FIELDS], set_=added))

    def report(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Sequence[str] = FIELDS,
        bucket: Literal["hour", "day"] = "day",
    ) -> list[dict[str, Any]]:
        """Return the sums in order of time, from ``since`` up to ``until``.

        Each is a dictionary with ``at`` (when the hour or the day begins, in UTC), what it was asked ``by`` (``None``
        where there is no key or no model), ``count``, ``pictures``, ``seconds`` and ``errors``.

        Raises:
            ValueError: If ``by`` or ``bucket`` is not known.
        """
        unknown = [name for name in by if name not in FIELDS]
        if unknown or bucket not in _HOURS:
            raise ValueError(
                f"usage is reported by model, key_id and operation, an hour or a day; not {unknown or bucket}"
            )
        width = _HOURS[bucket]
        first = cast(usage.c.hour // width, Integer).label("bucket")
        names = [usage.c[name] for name in by]
        wanted = select(first, *names, *(func.sum(usage.c[name]).label(name) for name in COUNTS))
        if since is not None:
            wanted = wanted.where(usage.c.hour >= _hour(since))
        if until is not None:
            wanted = wanted.where(usage.c.hour < -(-until.timestamp() // 3600))
        wanted = wanted.group_by(first, *names).order_by(first, *names)
        with self.database.reading() as connection:
            rows = [row._mapping for row in connection.execute(wanted)]
        return [
            {
                "at": datetime.fromtimestamp(row["bucket"] * width * 3600, UTC),
                **{name: row[name] or None for name in by},
                **{name: float(row[name]) if name == "seconds" else int(row[name]) for name in COUNTS},
            }
            for row in rows
        ]


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)
