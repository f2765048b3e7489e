"""Trainings in processes of their own, which are killed, or train together."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from aetherist.graphs.training import RunFolder
from aetherist.graphs.training.checkpoint import latest_checkpoint
from aetherist.graphs.training.distributed import world
from aetherist.graphs.training.signals import stop_on_signals
from tests.graphs.training import toys

# A server that has everything imported and warm forks each process in milliseconds.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.graphs.training.warm"])


def start(function: Callable[..., None], *arguments: Any) -> tuple[Any, Any]:
    """Start ``function(queue, *arguments)`` in a process; return the process and the queue."""
    told: Any = CONTEXT.Queue()
    process = CONTEXT.Process(target=function, args=(told, *arguments), daemon=True)
    process.start()
    return process, told


def train_until_told(told: Any, path: str) -> None:
    """Train without an end; tell how many images had been seen at the start and at the stop."""
    torch.set_num_threads(1)
    folder = RunFolder(Path(path))
    recipe = toys.gan(length=100_000, checkpoints={"every": 4}, snapshots={"every": None})
    made = toys.trainer(recipe, folder=folder)
    if latest_checkpoint(folder.checkpoints) is not None:
        made.resume()
    told.put(made.images)
    with stop_on_signals() as request:
        made.run(request)
    told.put(made.images)


def train_together(told: Any, rank: int, size: int, port: int, recipe: Any, path: str | None) -> None:
    """Train as one of several processes; tell the losses and the weights."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    found: list[Any] = []
    with world(torch.device("cpu")) as together:
        folder = None if path is None else RunFolder(Path(path))
        made = toys.trainer(recipe, world=together, observers=[found.append], folder=folder)
        made.run()
    losses = [dict(event.terms) for event in found if type(event).__name__ == "Stepped"]
    state = {
        f"{name}.{key}": value.tolist()
        for name, part in made.model.components.items()
        for key, value in part.state_dict().items()
    }
    told.put((losses, state))
