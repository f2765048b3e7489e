from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.batch import FolderStore, Store, open_store
from tests.avatars.helpers import SMALL
from tests.storage import servers


@pytest.fixture(scope="session")
def model() -> AvatarModel:
    """The model of a small job."""
    return aetherist.load("tiny", overrides=SMALL)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3."""
    with servers.s3() as address:
        yield address


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty place in an object store."""
    for name, value in servers.s3_environment(s3).items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{s3}/bucket", method="PUT")).close()
    return f"s3://bucket/{tmp_path.name}"


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "out")
    pytest.importorskip("obstore", reason="obstore is not installed")
    return open_store("memory:///" if request.param == "memory" else request.getfixturevalue("bucket"))
