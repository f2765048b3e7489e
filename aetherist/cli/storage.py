"""``aetherist storage``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.types import NonNegativeFloat

from aetherist.cli.console import say, show
from aetherist.cli.failures import FAULTY, UsageError, asked
from aetherist.cli.numbers import memory

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig
    from aetherist.storage import Storage

app = App(name="storage", help="Migrate, back up, restore, clear and check what a gateway keeps.")

Config = Annotated[
    Path | None, Parameter(help="The gateway's configuration; by default the one that `AETHERIST_CONFIG` names.")
]
Profile = Annotated[str | None, Parameter(help="`development` or `production`.")]
Database = Annotated[
    str | None, Parameter(help="`sqlite:///file` or `postgresql://...`, in place of the configuration's.")
]
Artifacts = Annotated[str | None, Parameter(help="A folder or `s3://bucket/folder`, in place of the configuration's.")]

HOUR = 3600.0
DAY = 24 * HOUR
SHOWN = 20
"""Faults of a kind that are listed."""


@app.command
def migrate(*, to: str = "head", config: Config = None, profile: Profile = None, database: Database = None) -> None:
    """Bring the tables of the database to this version of Aetherist; `aetherist serve` does so by itself.

    Args:
        to: An older version, `0001`, to go back to: what it has no place for is lost.
    """
    from aetherist.storage import database as databases
    from aetherist.storage import migrating

    with understood():
        opened = databases.Database(configured(config, profile, database).database_url)
    with contextlib.closing(opened):
        before = migrating.revision(opened)
        migrating.migrate(opened, to)
        after = migrating.revision(opened)
    show(f"{opened.place}: version {after}" + (", as before" if before == after else f", was {before or 'empty'}"))


@app.command
def backup(
    out: Path,
    /,
    *,
    config: Config = None,
    profile: Profile = None,
    database: Database = None,
    artifacts: Artifacts = None,
) -> int:
    """Write every row and every artifact to one file, as they are at one moment; servers may go on working.

    It is for its owner's eyes: the hashes of keys and the secrets that sign links are in it.

    Args:
        out: A new file: `backup.zip`.
    """
    from aetherist.storage.backup import back_up

    with opened(config, profile, database, artifacts) as storage:
        with asked():
            made = back_up(storage, out)
        show(f"{made.path}: {_many(made.rows, 'row')}, {_many(made.artifacts, 'artifact')} of {memory(made.size)}")
    _list("artifact", "damaged or missing, and so not in it", made.lost)
    return FAULTY if made.lost else 0


@app.command
def restore(
    file: Path,
    /,
    *,
    config: Config = None,
    profile: Profile = None,
    database: Database = None,
    artifacts: Artifacts = None,
) -> None:
    """Put a backup back, into an empty database and an empty place of artifacts.

    They need not be of the kind that was backed up: SQLite's rows go to PostgreSQL, a folder's files to a bucket.

    Args:
        file: What `aetherist storage backup` wrote.
    """
    from aetherist.storage.restore import restore as put_back

    with understood():
        found = configured(config, profile, database, artifacts)
    with asked():
        made = put_back(file, found.database_url, found.artifacts_url)
    show(f"restored {_many(made.rows, 'row')} and {_many(made.artifacts, 'artifact')} of {memory(made.size)}")
    _list("artifact", "lost when the backup was made", made.lost)


@app.command
def gc(
    *,
    keep_days: NonNegativeFloat | None = None,
    older_than: NonNegativeFloat = 1.0,
    config: Config = None,
    profile: Profile = None,
    database: Database = None,
    artifacts: Artifacts = None,
) -> None:
    """Forget jobs that ended long ago, and remove the artifacts that nothing refers to.

    Args:
        keep_days: How long jobs and their results are kept; by default `storage.keep_days` of the configuration.
        older_than: Hours; what was put since then stays, for somebody may be about to refer to it.
    """
    with understood():
        found = configured(config, profile, database, artifacts)
    with opened(config, profile, database, artifacts) as storage:
        days = found.storage.keep_days if keep_days is None else keep_days
        forgotten = storage.jobs.forget(days * DAY)
        before = storage.artifacts.usage()
        removed = storage.artifacts.collect(older_than * HOUR, strays=True)
        after = storage.artifacts.usage()
    gone = f"{_many(forgotten, 'job')} forgotten, {_many(len(removed), 'artifact')} removed"
    show(f"{gone}; {memory(before)} are now {memory(after)}")


@app.command
def check(
    *, config: Config = None, profile: Profile = None, database: Database = None, artifacts: Artifacts = None
) -> int:
    """Read every artifact and hold it to its digest, and look for what refers to nothing; exits with 1 for faults."""
    from aetherist.storage.checking import check as looked

    with opened(config, profile, database, artifacts, migrate=False) as storage:
        report = looked(storage)
    _list("artifact", "missing", report.missing)
    _list("artifact", "damaged", report.damaged)
    _list("artifact", "unknown to the database; 'aetherist storage gc' removes it", report.strays)
    for line in report.database[:SHOWN]:
        say(line)
    wrong = len(report.missing) + len(report.damaged) + len(report.database)
    found = "nothing is wrong" if report.ok else _many(wrong, "fault")
    show(f"{_many(report.checked, 'artifact')} of {memory(report.size)}: {found}")
    return 0 if report.ok else FAULTY


def configured(
    config: Path | None, profile: str | None, database: str | None = None, artifacts: str | None = None
) -> ServerConfig:
    """Return the configuration that a server would have, with what was given here."""
    from aetherist.serve.config import load

    given = (("storage.database", database, "--database"), ("storage.artifacts", artifacts, "--artifacts"))
    return load(config, profile, {key: (value, flag) for key, value, flag in given if value is not None})[0]


@contextlib.contextmanager
def opened(
    config: Path | None,
    profile: str | None,
    database: str | None = None,
    artifacts: str | None = None,
    migrate: bool = True,
) -> Iterator[Storage]:
    """Open what a server would have open."""
    from aetherist.storage import Storage

    with understood():
        found = configured(config, profile, database, artifacts)
        storage = Storage.open(found.database_url, found.artifacts_url, migrate=migrate)
    with storage:
        yield storage


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Say that the command line is at fault where an address or the configuration is not understood."""
    try:
        with asked():
            yield
    except ImportError as error:
        raise UsageError(f"a gateway needs more ({error}); pip install 'aetherist[serve]'") from None
    except ValueError as error:
        raise UsageError(str(error)) from error


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _list(what: str, fault: str, digests: list[str]) -> None:
    for digest in digests[:SHOWN]:
        say(f"{what} {digest}: {fault}")
    if len(digests) > SHOWN:
        say(f"... and {len(digests) - SHOWN} more")
