"""Rows as lines of JSON, the same for every database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Any

from sqlalchemy import JSON, Connection, LargeBinary, MetaData, Table, select

from aetherist.storage.tables import Moment

ROWS = 500
"""How many rows are in memory at a time."""


def write_table(connection: Connection, table: Table, file: IO[bytes]) -> int:
    """Write a table, a line for its columns and one for each row; return how many rows."""
    kinds = [_kind(column.type) for column in table.columns]
    _write(file, dict(zip(table.columns.keys(), kinds, strict=True)))
    count = 0
    rows = connection.execution_options(yield_per=ROWS).execute(select(table).order_by(*table.primary_key))
    for row in rows:
        _write(file, [_plain(value, kind) for value, kind in zip(row, kinds, strict=True)])
        count += 1
    return count


def read_table(connection: Connection, table: Table, lines: Iterator[bytes]) -> int:
    """Insert into a table what was written of it; return how many rows.

    Raises:
        ValueError: If the table has other columns.
    """
    columns: dict[str, str] = json.loads(next(lines))
    if set(columns) != set(table.columns.keys()):
        raise ValueError(f"the table {table.name} has the columns {', '.join(columns)}")
    count = 0
    while some := list(islice(lines, ROWS)):
        rows = [
            {
                name: _value(value, kind, connection.dialect.name == "sqlite")
                for (name, kind), value in zip(columns.items(), json.loads(line), strict=True)
            }
            for line in some
        ]
        connection.execute(table.insert(), rows)
        count += len(rows)
    return count


def reflected(connection: Connection, names: list[str]) -> list[Table]:
    """Return tables as the database has them, those first that others refer to."""
    found = MetaData()
    found.reflect(connection, only=names)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
    return [table for table in found.sorted_tables if table.name in names]


def _kind(type_: Any) -> str:
    if isinstance(type_, Moment):
        return "time"
    return "bytes" if isinstance(type_, LargeBinary) else "plain"


def _plain(value: Any, kind: str) -> Any:
    if value is None or kind == "plain":
        return value
    return value.isoformat() if kind == "time" else base64.b64encode(value).decode()


def _value(value: Any, kind: str, naive: bool) -> Any:
    if value is None or kind == "plain":
        return value
    if kind == "bytes":
        return base64.b64decode(value, validate=True)
    at = datetime.fromisoformat(value).astimezone(UTC)
    return at.replace(tzinfo=None) if naive else at


def _write(file: IO[bytes], value: Any) -> None:
    file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
