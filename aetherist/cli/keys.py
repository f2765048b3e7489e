"""``aetherist keys``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from aetherist.cli.console import columns, say, show, write
from aetherist.cli.failures import UsageError
from aetherist.cli.places import ROWS, InRows, Rows, opened_rows

if TYPE_CHECKING:
    from aetherist.storage.events import Events
    from aetherist.storage.keys import Keys

app = App(name="keys", help="Make, list and revoke the keys that a gateway lets in.")


@app.command
def create(
    name: str,
    /,
    *,
    scope: Literal["read", "generate", "admin"] = "generate",
    rate: str | None = None,
    where: InRows = ROWS,
) -> None:
    """Make a key, and print its secret: this once, for only a hash of it is kept.

    Args:
        name: Whose it is, for people: `studio`, `the press office`.
        scope: `read` sees, `generate` also makes, `admin` also changes the configuration and the keys.
        rate: How much it may ask for, in place of the configuration's `limits.rate`: `60/minute`.
    """
    if rate is not None:
        _demand_rate(rate)
    with _opened(where, make=True) as (keys, events):
        row, secret = keys.create(name, [scope], rate)
        events.record("keys.created", detail={"id": row.id, "name": name, "scopes": [scope], "by": "command"})
    write(f"{secret}\n")
    say(f"key {row.id} for {name}, scope {scope}; it is not shown again", "send it as: Authorization: Bearer KEY")


@app.command(name="list")
def list_(*, where: InRows = ROWS) -> None:
    """List the keys, the newest first: what they may do, when they were used, whether they were revoked."""
    with _opened(where) as (keys, _):
        rows = keys.list()
    if not rows:
        say("there are no keys; 'aetherist keys create NAME' makes one")
        return
    heads = ("id", "scopes", "rate", "created", "last used", "revoked", "name")
    cells = [
        (
            row.id,
            ",".join(row.scopes),
            row.rate or "",
            *(_shown(at) for at in (row.created_at, row.last_used_at, row.revoked_at)),
            row.name,
        )
        for row in rows
    ]
    columns(heads, cells)


@app.command
def revoke(id: str, /, *, where: InRows = ROWS) -> None:
    """Make a key useless, at once and for good.

    Args:
        id: As `aetherist keys list` has it; it is the middle part of the key.
    """
    with _opened(where) as (keys, events):
        row = keys.revoke(id)
        events.record("keys.revoked", detail={"id": row.id, "name": row.name, "by": "command"})
    show(f"key {row.id} of {row.name} is revoked")


@contextlib.contextmanager
def _opened(where: Rows, *, make: bool = False) -> Iterator[tuple[Keys, Events]]:
    with opened_rows(where, make=make) as database:
        from aetherist.storage.events import Events
        from aetherist.storage.keys import Keys

        yield Keys(database), Events(database)


def _demand_rate(rate: str) -> None:
    from limits import parse_many

    try:
        parse_many(rate)
    except ValueError:
        raise UsageError(f"--rate {rate}: write how many and in what time: 60/minute, 1000/hour") from None


def _shown(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
