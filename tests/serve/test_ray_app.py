"""The gateway behind Ray Serve: what is asked of the cluster, and two replicas on one machine."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aetherist.serve.ray_app import Options, build
from aetherist.storage import Storage

ROOT = Path(__file__).parents[2]
SMALL = {"models.sources": {"tiny": "tiny"}, "models.device": "cpu", "models.threads": 1}


def test_the_example_asks_for_what_there_is() -> None:
    told = yaml.safe_load((ROOT / "deploy" / "ray" / "serve.yaml").read_text(encoding="utf-8"))
    (application,) = told["applications"]
    assert application["import_path"] == f"{build.__module__}:{build.__name__}"
    options = Options.model_validate(application["args"])
    assert (options.profile, options.replicas, options.gpus) == ("production", 4, 1.0)
    assert "database" not in str(options.settings)  # Ray shows the arguments, and the address holds a password


def _serve() -> Any:
    return pytest.importorskip("ray.serve", reason="Ray Serve is not installed: pip install 'aetherist[ray]'")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_gateway_whose_callers_are_not_seen_asks_for_keys() -> None:
    _serve()
    with pytest.raises(ValueError, match="keys are not required, and a gateway on Ray cannot see whom the proxy lets"):
        build({"profile": "development", "settings": SMALL | {"server.host": "127.0.0.1", "security.keys": "off"}})
    with pytest.raises(ValueError, match="limits"):
        build({"settings": SMALL | {"limits.queu": 3}})
    with pytest.raises(ValueError, match="replicas"):
        build({"replicas": 0})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of two replicas that share a folder, and that folder."""
    serve = _serve()
    ray = pytest.importorskip("ray")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False, object_store_memory=100 * 2**20)
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        settings = SMALL | {"server.data_folder": str(tmp_path), "server.drain_seconds": 2}
        application = build({"replicas": 2, "gpus": 0, "cpus": 0.5, "settings": settings})
        serve.run(application, name="aetherist", route_prefix="/")
        yield f"http://127.0.0.1:{port}", tmp_path
    finally:
        serve.shutdown()
        ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_replicas_are_one_gateway_and_one_is_enough(home: tuple[str, Path]) -> None:
    _serve()
    import httpx2
    import psutil

    url, folder = home
    storage = Storage.open(f"sqlite:///{folder / 'aetherist.db'}", str(folder / "artifacts"))
    _, secret = storage.keys.create("test", ["generate"])
    storage.close()
    with httpx2.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {secret}"}) as client:
        assert client.get("/readyz").json() == {"ready": True, "reasons": []}
        assert client.get("/v1/models", headers={"Authorization": ""}).status_code == 401
        pictures = {client.get("/v1/models/tiny/seeds/3.png").content for _ in range(6)}
        assert len(pictures) == 1
        made = client.post("/v1/avatars", json={"model": "tiny", "person": {"seed": 7}})
        assert made.status_code == 201, made.text
        for _ in range(6):  # whichever replica is asked
            assert client.get(f"/v1/avatars/{made.json()['id']}").status_code == 200
        ours = psutil.Process().children(recursive=True)
        replicas = [child for child in ours if "ServeReplica" in " ".join(child.cmdline())]
        assert len(replicas) == 2
        os.kill(replicas[0].pid, signal.SIGKILL)
        until = time.monotonic() + 60
        answers: list[int] = []
        while time.monotonic() < until and answers[-8:] != [200] * 8:
            answers.append(client.get("/v1/models/tiny/seeds/5.png").status_code)
        assert answers[-8:] == [200] * 8, answers
