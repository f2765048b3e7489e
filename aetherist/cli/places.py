"""Where a gateway keeps its things: the options that ``keys`` and ``storage`` share, and what is open there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from aetherist.cli.failures import UsageError, asked

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig
    from aetherist.storage import Storage
    from aetherist.storage.database import Database


@attrs.frozen
class Rows:
    """Options that say which database is meant: that of the gateway to which the same is said."""

    config: Annotated[
        Path | None, Parameter(help="The gateway's configuration; by default the one that `AETHERIST_CONFIG` names.")
    ] = None
    profile: Annotated[str | None, Parameter(help="`development` or `production`.")] = None
    data_folder: Annotated[Path | None, Parameter(help="Folder of all that is kept.")] = None
    database: Annotated[
        str | None, Parameter(help="`sqlite:///file` or `postgresql://...`, in place of the configuration's.")
    ] = None

    @property
    def flags(self) -> dict[str, tuple[Any, str]]:
        """The settings that are said, each with the name of its option."""
        return _said(
            ("server.data_folder", self.data_folder, "--data-folder"), ("storage.database", self.database, "--database")
        )


@attrs.frozen
class Kept(Rows):
    """Options that say which database and which place of artifacts are meant."""

    artifacts: Annotated[
        str | None, Parameter(help="A folder or `s3://bucket/folder`, in place of the configuration's.")
    ] = None

    @property
    def flags(self) -> dict[str, tuple[Any, str]]:
        """The settings that are said, each with the name of its option."""
        return super().flags | _said(("storage.artifacts", self.artifacts, "--artifacts"))


InRows = Annotated[Rows, Parameter(name="*")]
InKept = Annotated[Kept, Parameter(name="*")]

ROWS = Rows()
KEPT = Kept()
"""Where no option says anything else."""


def configured(where: Rows) -> ServerConfig:
    """Return the configuration that a server would have, to which the same was said."""
    from aetherist.serve.config import load

    return load(where.config, where.profile, where.flags)[0]


@contextlib.contextmanager
def opened_rows(where: Rows, *, make: bool = False) -> Iterator[Database]:
    """Open the database that a server would have open; unless it is to be made, it has to be there."""
    with understood():
        from aetherist.storage.opening import open_database

        database = open_database(configured(where).database_url, make=make)
    with contextlib.closing(database):
        yield database


@contextlib.contextmanager
def opened(where: Kept) -> Iterator[Storage]:
    """Open what a server would have open; it has to be there."""
    with understood():
        from aetherist.storage import Storage

        found = configured(where)
        storage = Storage.open(found.database_url, found.artifacts_url, migrate=False)
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


def _said(*given: tuple[str, Any, str]) -> dict[str, tuple[Any, str]]:
    return {key: (value, name) for key, value, name in given if value is not None}
