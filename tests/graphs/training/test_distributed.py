"""Several processes train as one would with their batch."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.graphs.training import World
from tests.graphs.training import processes, toys


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
