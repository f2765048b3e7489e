"""``aetherist storage``."""

from __future__ import annotations

import contextlib
from pathlib import Path

from cyclopts import App
from cyclopts.types import NonNegativeFloat

from aetherist.cli.console import say, show
from aetherist.cli.failures import FAULTY, asked
from aetherist.cli.numbers import many, memory
from aetherist.cli.places import KEPT, ROWS, InKept, InRows, configured, opened, understood

app = App(name="storage", help="Migrate, back up, restore, clear and check what a gateway keeps.")

HOUR = 3600.0
DAY = 24 * HOUR
SHOWN = 20
"""Faults of a kind that are listed."""


@app.command
def migrate(*, to: str = "head", where: InRows = ROWS) -> None:
    """Bring the tables of the database to this version of Aetherist; `aetherist serve` does so by itself.

    Args:
        to: An older version, `0001`, to go back to: what it has no place for is lost.
    """
    from aetherist.storage import migrating
    from aetherist.storage.database import Database

    with understood():
        database = Database(configured(where).database_url)
    with contextlib.closing(database):
        before = migrating.revision(database)
        migrating.migrate(database, to)
        after = migrating.revision(database)
    show(f"{database.place}: version {after}" + (", as before" if before == after else f", was {before or 'empty'}"))


@app.command
def backup(out: Path, /, *, where: InKept = KEPT) -> int:
    """Write every row and every artifact to one file, as they are at one moment; servers may go on working.

    It is for its owner's eyes: the hashes of keys and the secrets that sign links are in it.

    Args:
        out: A new file: `backup.zip`.
    """
    from aetherist.storage.backup import back_up

    with opened(where) as storage:
        with asked():
            made = back_up(storage, out)
        show(f"{made.path}: {many(made.rows, 'row')}, {many(made.artifacts, 'artifact')} of {memory(made.size)}")
    _list("artifact", "damaged or missing, and so not in it", made.lost)
    return FAULTY if made.lost else 0


@app.command
def restore(file: Path, /, *, where: InKept = KEPT) -> None:
    """Put a backup back, into an empty database and an empty place of artifacts.

    They need not be of the kind that was backed up: SQLite's rows go to PostgreSQL, a folder's files to a bucket.

    Args:
        file: What `aetherist storage backup` wrote.
    """
    from aetherist.storage.restore import restore as put_back

    with understood():
        found = configured(where)
    with asked():
        made = put_back(file, found.database_url, found.artifacts_url)
    show(f"restored {many(made.rows, 'row')} and {many(made.artifacts, 'artifact')} of {memory(made.size)}")
    _list("artifact", "lost when the backup was made", made.lost)


@app.command
def gc(
    *,
    keep_days: NonNegativeFloat | None = None,
    older_than: NonNegativeFloat = 1.0,
    where: InKept = KEPT,
) -> None:
    """Forget jobs that ended long ago, and remove the artifacts that nothing refers to.

    Args:
        keep_days: How long jobs and their results are kept; by default `storage.keep_days` of the configuration.
        older_than: Hours; what was put since then stays, for somebody may be about to refer to it.
    """
    with opened(where) as storage:
        days = configured(where).storage.keep_days if keep_days is None else keep_days
        forgotten = storage.jobs.forget(days * DAY)
        before = storage.artifacts.usage()
        removed = storage.artifacts.collect(older_than * HOUR, strays=True)
        after = storage.artifacts.usage()
    gone = f"{many(forgotten, 'job')} forgotten, {many(len(removed), 'artifact')} removed"
    show(f"{gone}; {memory(before)} are now {memory(after)}")


@app.command
def check(*, where: InKept = KEPT) -> int:
    """Read every artifact and hold it to its digest, and look for what refers to nothing; exits with 1 for faults."""
    from aetherist.storage.checking import check as looked

    with opened(where) as storage:
        report = looked(storage)
    _list("artifact", "missing", report.missing)
    _list("artifact", "damaged", report.damaged)
    _list("artifact", "unknown to the database; 'aetherist storage gc' removes it", report.strays)
    for line in report.database[:SHOWN]:
        say(line)
    wrong = len(report.missing) + len(report.damaged) + len(report.database)
    found = "nothing is wrong" if report.ok else many(wrong, "fault")
    show(f"{many(report.checked, 'artifact')} of {memory(report.size)}: {found}")
    return 0 if report.ok else FAULTY


def _list(what: str, fault: str, digests: list[str]) -> None:
    for digest in digests[:SHOWN]:
        say(f"{what} {digest}: {fault}")
    if len(digests) > SHOWN:
        say(f"... and {len(digests) - SHOWN} more")
