from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from aetherist.storage import Storage
from tests.storage import servers

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[list[str]]:
    """The URLs of two databases of a PostgreSQL server."""
    with servers.postgresql() as url:
        names = ["one", "two"]
        for name in names:
            _do(url, f"CREATE DATABASE {name}")
        yield [url.replace("/postgres?", f"/{name}?") for name in names]


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return the URL of an empty database of a kind; there are two of PostgreSQL for a test."""
    made = iter(range(2))

    def make(kind: str) -> str:
        number = next(made)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/database{number}.db"
        url: str = request.getfixturevalue("postgresql")[number]
        _do(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return url

    return make


def _do(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """An empty database of either kind."""
    return new_database(request.param)


@pytest.fixture
def storage(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Storage]:
    with Storage.open(database_url, tmp_path / "artifacts", clock=clock, lock_seconds=2) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path, clock: Clock) -> Iterator[Storage]:
    """On SQLite alone, for what does not depend on the database."""
    with Storage.open(f"sqlite:///{tmp_path}/small.db", tmp_path / "artifacts", clock=clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    with servers.s3() as address:
        yield address


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty place in an object store."""
    for name, value in servers.s3_environment(s3).items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{s3}/bucket", method="PUT")).close()
    return f"s3://bucket/{tmp_path.name}"
