"""Tables of people: a CSV file with a row for each, read with the line of whatever is wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from aetherist.batch.items import ROW_KIND, Item
from aetherist.core.errors import did_you_mean

OWN = ("seed", "yaw", "pitch", "psi")
"""The columns that are no attributes."""

MAX_SEED = 2**32 - 1


@attrs.frozen
class BadRow:
    """A row that says nothing usable.

    Attributes:
        file: The table.
        line: Where the row begins, from 1.
        reason: What is wrong.
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@attrs.frozen
class Table:
    """What a table says.

    Attributes:
        items: A person for each good row; the key is the number of the row, from 1, bad ones counted.
        bad: The others.
    """

    items: tuple[Item, ...]
    bad: tuple[BadRow, ...]


def read_table(
    path: str | Path,
    attributes: Collection[str] = (),
    *,
    seeds: Sequence[int] | None = None,
    check: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> Table:
    """Read a CSV file whose first row names the columns.

    ``seed``, ``yaw`` and ``pitch`` (radians), ``psi``, and attributes: ``age``, ``ethnicity.asian``. An empty cell is
    as if there were no such column.

    Args:
        path: The file, UTF-8.
        attributes: What can be edited: ``age``, ``ethnicity.asian``.
        seeds: For the rows in order, where the table has no column ``seed``; one is for all. By default the row's
            number.
        check: Raises a ``ValueError`` for edits that do not hold, such as strengths out of range.

    Raises:
        ValueError: If the file is no such table: no header, an unknown column, or one that is named twice.
        OSError: If it cannot be read.
    """
    name = str(path)
    items, bad = [], []
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        lines = _rows(csv.reader(file, strict=True), name)
        _, heads = next(lines, (1, []))
        columns = _columns(name, heads, attributes, seeds)
        number = 0
        for line, cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            try:
                if len(cells) != len(columns):
                    raise ValueError(f"{len(cells)} cells, and there are {len(columns)} columns")
                item = _item(number, dict(zip(columns, map(str.strip, cells), strict=True)), seeds)
                check(item.edits)
            except ValueError as error:
                bad.append(BadRow(name, line, str(error)))
            else:
                items.append(item)
    return Table(tuple(items), tuple(bad))


def _rows(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins in."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{name}:{line}: this is no CSV in UTF-8: {error}") from None
        yield line, row


def _columns(name: str, heads: Sequence[str], attributes: Collection[str], seeds: Sequence[int] | None) -> list[str]:
    columns = [head.strip() for head in heads]
    if not any(columns):
        raise ValueError(f"{name}: the first row names the columns, and there is none")
    for column in columns:
        if column not in OWN and column not in attributes:
            known = [*OWN, *attributes]
            more = "" if attributes else "; the model has no style directions, so it has no attributes"
            raise ValueError(f"{name}:1: there is no column '{column}'; {did_you_mean(column, known)}{more}")
        if columns.count(column) > 1:
            raise ValueError(f"{name}:1: there are two columns '{column}'")
    if "seed" in columns and seeds is not None:
        raise ValueError(f"{name} has a column 'seed', and seeds were given beside it; leave one of them out")
    return columns


def _item(number: int, cells: Mapping[str, str], seeds: Sequence[int] | None) -> Item:
    edits: dict[str, Any] = {}
    for column, cell in cells.items():
        if column in OWN or not cell:
            continue
        attribute, dot, part = column.partition(".")
        strength = _number(column, cell)
        if not dot:
            edits[attribute] = strength
        else:
            edits.setdefault(attribute, {})[part] = strength
    yaw, pitch = (_number(name, cells[name]) if cells.get(name) else None for name in ("yaw", "pitch"))
    return Item(
        ROW_KIND,
        number,
        _seed(number, cells.get("seed", ""), seeds),
        psi=_number("psi", cells["psi"]) if cells.get("psi") else None,
        edits=edits,
        angles=None if yaw is None and pitch is None else (yaw or 0.0, pitch or 0.0),
    )


def _seed(number: int, cell: str, seeds: Sequence[int] | None) -> int:
    if cell:
        if not cell.isascii() or not cell.isdigit() or int(cell) > MAX_SEED:
            raise ValueError(f"seed '{cell}' is none; write a whole number from 0 to {MAX_SEED:,}")
        return int(cell)
    if seeds is None:
        return number
    if len(seeds) == 1:
        return seeds[0]
    if number > len(seeds):
        raise ValueError(f"it is row {number}, and there are {len(seeds)} seeds; give as many as rows, or one for all")
    return seeds[number - 1]


def _number(column: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{column} '{cell}' is no finite number")
    return value
