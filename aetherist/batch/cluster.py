"""The workers of a Ray cluster (extra ``ray``)."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
from typing import Any

import attrs

from aetherist.batch.engines import Engine, Event, portable
from aetherist.batch.job import Job
from aetherist.batch.maker import Maker, Outcome, Task
from aetherist.batch.stores import Store
from aetherist.export.packages import MissingPackageError


class Cluster(Engine):
    """Makes items in actors of a Ray cluster, each with a model of its own and one core, or one GPU.

    It is the cluster that ``RAY_ADDRESS`` names or that runs on this machine already, or else one of this machine that
    ends with the batch. Every node needs Aetherist, the model under the same name, and the way to the store.

    Args:
        job: What to make.
        store: Where to: an object store, or a folder that all nodes share.
        digest: Of the model.
        workers: How many actors; 0 for as many as the cluster has cores, or GPUs where the device is one.

    Raises:
        MissingPackageError: Without the extra ``ray``.
        ValueError: If the store is in memory, or the cluster has too little for so many workers.
    """

    def __init__(self, job: Job, store: Store, digest: str, workers: int = 0) -> None:
        try:
            ray: Any = importlib.import_module("ray")
        except ImportError:
            raise MissingPackageError("--engine ray needs Ray; pip install 'aetherist[ray]'") from None
        self.store, self.digest = store, digest
        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        gpu = job.device.startswith("cuda")
        kind = "GPU" if gpu else "CPU"
        self.job = attrs.evolve(job, device="cuda") if gpu else job  # each actor sees its own GPU alone
        have = int(ray.cluster_resources().get(kind, 0))
        self.workers = workers or have
        if not 0 < self.workers <= have:
            self.close()
            raise ValueError(f"{self.workers} workers need a {kind} each, and the cluster has {have}; ask for fewer")
        self._actor = ray.remote(num_cpus=1, num_gpus=int(gpu), max_restarts=0)(Worker)
        self._actors: dict[int, Any] = {}
        self._awaited: dict[Any, tuple[int, bool]] = {}

    def start(self, worker: int) -> None:
        """Begin with an actor."""
        actor = self._actor.remote(self.job, self.store, self.digest)
        self._actors[worker] = actor
        self._awaited[actor.ready.remote()] = (worker, True)

    def give(self, worker: int, task: Task) -> None:
        """Give a task to an actor."""
        self._awaited[self._actors[worker].make.remote(task)] = (worker, False)

    def events(self) -> list[Event]:
        """Wait until an actor has something to say, or is gone."""
        ready: list[Any] = []
        while not ready:  # not for ever: a signal is heard between the calls
            ready, _ = self._ray.wait(list(self._awaited), num_returns=1, timeout=1.0)
        return [self._heard(reference) for reference in ready]

    def close(self) -> None:
        """End the actors, and the cluster if it was begun for this."""
        for actor in getattr(self, "_actors", {}).values():
            with contextlib.suppress(Exception):
                self._ray.kill(actor)
        if self._ours:
            self._ray.shutdown()

    @property
    def pids(self) -> list[int]:
        """The actors' process ids, on their nodes."""
        return list(self._ray.get([actor.pid.remote() for actor in self._actors.values()]))

    def _heard(self, reference: Any) -> Event:
        worker, starting = self._awaited.pop(reference)
        try:
            value = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            return Event(worker, "broken", RuntimeError(str(error.cause)))
        except self._ray.exceptions.RayError as error:
            return Event(worker, "died", _said(error))
        if isinstance(value, Exception):
            return Event(worker, "broken", value)
        return Event(worker, "ready" if starting else "done", value)


class Worker:
    """What an actor does."""

    def __init__(self, job: Job, store: Store, digest: str) -> None:
        import torch

        torch.set_num_threads(1)
        self._fault: Exception | None = None
        try:
            self._maker = Maker(job, store, digest=digest)
        except Exception as error:
            self._fault = portable(error)

    def ready(self) -> Exception | None:
        """Return what keeps it from working, or ``None``."""
        return self._fault

    def make(self, task: Task) -> list[Outcome] | Exception:
        """Make items; return what became of each, or what it cannot go on for."""
        try:
            return self._maker.make(task)
        except Exception as error:
            return portable(error)

    def pid(self) -> int:
        """Return the id of its process."""
        return os.getpid()


def _said(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
