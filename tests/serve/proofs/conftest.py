"""Two gateways as processes: one that trusts this machine, and one that asks everybody for a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aetherist.storage import Storage
from tests.serve.proofs.serving import Served, serving

MANY = "limits.rate=1000000/minute"
SMALL = ("limits.pictures_per_request=4", "limits.picture_pixels=65536", "limits.jobs_queued=5")
"""What is drawn at random asks for little work then."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway that needs no key."""
    with serving(tmp_path_factory.mktemp("served") / "data", MANY, *SMALL) as it:
        yield it


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    """A gateway that needs keys, and a key of each scope."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    folder.mkdir()
    storage = Storage.open(f"sqlite:///{folder / 'aetherist.db'}", str(folder / "artifacts"), migrate=True)
    keys = {scope: storage.keys.create(scope, [scope])[1] for scope in ("read", "generate", "admin")}
    keys["revoked"] = storage.keys.create("revoked", ["admin"])[1]
    storage.keys.revoke(next(row.id for row in storage.keys.list() if row.name == "revoked"))
    storage.close()
    with serving(folder, MANY, *SMALL, "security.keys=required") as it:
        yield it, keys
