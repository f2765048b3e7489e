"""A Ray cluster of this machine: nothing is lost, and nothing twice, when a worker is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from aetherist.batch import FolderStore, items_of_seeds, run
from tests.batch.helpers import contents, made, manifest, recorded, small_job, whole


@pytest.fixture(scope="module")
def ray() -> Any:
    """A cluster of two cores."""
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'aetherist[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    module.init(num_cpus=2, log_to_driver=False, include_dashboard=False, object_store_memory=100 * 2**20)
    yield module
    module.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_workers_of_which_one_is_killed(ray, model, tmp_path: Path) -> None:
    from aetherist.batch.cluster import Cluster

    job, store = small_job(), FolderStore(tmp_path / "two")
    engine = Cluster(job, store, model.digest, 2)
    struck: list[int] = []

    def strike(progress: Any) -> None:
        if progress.made == 5 and not struck:
            pids = engine.pids
            assert len(pids) == 2
            struck.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    found = run(job, items_of_seeds(range(24)), store, engine, job.settings(model), tell=strike, batch=2)
    assert struck
    assert (found.progress.made, found.failed, found.stopped) == (24, (), False)
    assert all(whole(store, record) for record in recorded(store).values())
    assert len({row["path"] for row in manifest(store)}) == len(manifest(store)) == 24
    alone = FolderStore(tmp_path / "one")
    made(job, model, alone, range(24))
    assert contents(store.folder) == contents(alone.folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_a_cluster_cannot_do_is_said(ray, model, tmp_path: Path) -> None:
    from aetherist.batch.cluster import Cluster

    with pytest.raises(ValueError, match="5 workers need a CPU each, and the cluster has 2"):
        Cluster(small_job(), FolderStore(tmp_path), model.digest, 5)
    engine = Cluster(small_job(), FolderStore(tmp_path), "another", 1)
    with pytest.raises(ValueError, match="another model here"):
        run(small_job(), items_of_seeds(range(1)), FolderStore(tmp_path), engine, {})
