from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.batch import FolderStore, Store, open_store
from tests.avatars.helpers import SMALL


@pytest.fixture(scope="session")
def model() -> AvatarModel:
    """The model of a small job."""
    return aetherist.load("tiny", overrides=SMALL)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3."""
    server_module = pytest.importorskip("moto.server", reason="moto, which speaks S3, is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty place in an object store."""
    given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1", "ENDPOINT_URL": s3}
    for name, value in given.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    urllib.request.urlopen(urllib.request.Request(f"{s3}/bucket", method="PUT")).close()
    return f"s3://bucket/{tmp_path.name}"


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "out")
    pytest.importorskip("obstore", reason="obstore is not installed")
    return open_store("memory:///" if request.param == "memory" else request.getfixturevalue("bucket"))
