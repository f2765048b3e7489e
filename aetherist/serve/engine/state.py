"""How an engine is doing, as a snapshot."""

from __future__ import annotations

import attrs


@attrs.frozen
class ModelState:
    """A model in a worker: ``loading``, ``ready`` or ``refused``, and then why (a text for the operator)."""

    name: str
    status: str
    digest: str | None = None
    error: str | None = None


@attrs.frozen
class WorkerState:
    """A worker process, or the wait for the next one.

    Attributes:
        device: Where it computes.
        pid: Of the process; ``None`` between two.
        alive: Whether there is a process.
        ready: Whether it takes work.
        restarts: How often it was started again.
        memory: Bytes: ``resident``, and on a GPU ``gpu``.
        models: What it has loaded.
        busy: What each lane is at: how many items.
        planes: The cache of planes: ``bytes``, ``limit``, ``people``, ``hits``, ``misses``.
    """

    device: str
    pid: int | None
    alive: bool
    ready: bool
    restarts: int
    memory: dict[str, int]
    models: tuple[ModelState, ...]
    busy: dict[str, int]
    planes: dict[str, int]


@attrs.frozen
class EngineState:
    """How an engine is doing.

    Attributes:
        waiting: Items in the queue of each lane.
        clients: Items of each client, waiting or in work.
        in_flight: Items in work.
        throughput: Items a second that were done lately.
        batch_sizes: How often a batch had so many items.
        pictures: The cache of pictures: ``bytes``, ``limit``, ``entries``, ``hits``, ``misses``.
        workers: One a device.
        stopping: Whether no more work is taken.
    """

    waiting: dict[str, int]
    clients: dict[str, int]
    in_flight: int
    throughput: float
    batch_sizes: dict[int, int]
    pictures: dict[str, int]
    workers: tuple[WorkerState, ...]
    stopping: bool
