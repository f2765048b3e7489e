"""Several processes train as one would with their batch."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.data import sample_path
from aetherist.graphs.training import World
from aetherist.graphs.training.checkpoint import latest_checkpoint
from aetherist.graphs.training.records import read_records
from tests.graphs.training import processes, toys

SMALL = """
name: small
extends: tiny
components:
  rays: {resolution: 4}
  renderer: {samples: 4, importance_samples: 0}
  likeness: {type: loss.l1}
graphs:
  step:
    inputs: {latent: Latent, pose: Camera, camera: Camera, image: Image}
    steps:
      made: {call: generate, with: {latent: latent, pose: pose, camera: camera}}
      loss: {call: likeness, with: {value: made.image, target: image}}
    outputs: {loss: loss}
training:
  batch_size: 2
  length: 400
  log_every: 20
  feeds:
    latent: {draw: normal, by: identity}
    pose: {field: camera}
    camera: {field: camera}
    image: {field: image}
  phases: {fit: {graph: step, update: [mapping, planes, renderer, superres]}}
  snapshots: {every: null, images_every: null}
  checkpoints: {every: 20}
"""


def together(recipe: Any, path: Path | None = None, size: int = 2) -> list[Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = None if path is None else str(path)
    workers = [processes.start(processes.train_together, rank, size, port, recipe, where) for rank in range(size)]
    found = [told.get(timeout=120) for _, told in workers]
    for process, _ in workers:
        process.join()
    return found


@pytest.mark.parametrize("changes", [{}, {"accumulate": 2, "phases": {"generator": {"clip": 0.1}}}])
def test_two_processes_train_as_one_with_the_same_batch(changes: dict[str, Any], tmp_path: Path) -> None:
    """Also the gradient penalty, which differentiates twice, and the running average of styles."""
    recipe = toys.gan(**changes)
    alone = toys.losses(toys.recorded(recipe))
    (losses, first), (silent, second) = together(recipe, tmp_path)
    assert silent == [], "one process speaks"
    assert len(losses) == len(alone)
    for ours, theirs in zip(losses, alone, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    assert first == second, "the processes stay equal to the last bit"
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_a_batch_is_shared_out_evenly_or_not_at_all() -> None:
    assert [World(rank, 4).rows(8) for rank in range(4)] == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)]
    with pytest.raises(ValueError, match="4 images cannot be shared out evenly among 3 processes"):
        toys.trainer(world=World(0, 3))
    with pytest.raises(ValueError, match="accumulate = 4 does not divide the 2 images of each process"):
        toys.trainer(toys.gan(accumulate=4), world=World(0, 2))


def test_alone_there_is_nothing_to_agree_on() -> None:
    values = torch.arange(3.0)
    assert World().mean(values) is values
    assert World().any(True, torch.device("cpu"))
    assert World().from_first("x") == "x"


@pytest.mark.slow
def test_when_a_worker_is_killed_torchrun_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    recipe = tmp_path / "small.yaml"
    recipe.write_text(SMALL, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["--max-restarts", "1", "--monitor-interval", "0.2", "-m", "aetherist", "train", str(recipe)]
    command += ["--data", str(sample_path()), "--out", str(tmp_path / "runs"), "--device", "cpu"]
    log = tmp_path / "log"
    with log.open("w") as file:
        agent = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | {"OMP_NUM_THREADS": "1"})
    run = tmp_path / "runs" / "00000-small"
    deadline = time.monotonic() + 120
    while latest_checkpoint(run / "checkpoints") is None:
        assert time.monotonic() < deadline
        assert agent.poll() is None, log.read_text()
        time.sleep(0.01)
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    assert agent.wait(timeout=240) == 0, log.read_text()
    assert "going on from" in log.read_text()
    assert [path.name for path in run.parent.iterdir()] == ["00000-small"]
    assert [line["images"] for line in read_records(run / "stats.jsonl")] == list(range(20, 401, 20))
