"""How a server is doing, as it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from aetherist.serve.schemas.common import Answer


class QueueState(Answer):
    """What waits and what is at work."""

    waiting: dict[str, int] = Field(
        description="Items in the queue of each lane: `interactive`, `background`, `checks`."
    )
    in_flight: int = Field(description="Items at work.")
    clients: int = Field(description="Clients with work in the queue.")
    limit: int = Field(description="How much may wait.")


class Latency(Answer):
    """How long a stage of the work took lately, in seconds."""

    count: int
    p50: float
    p95: float
    p99: float


class ModelInWorker(Answer):
    """A model in a worker."""

    name: str
    status: str
    digest: str | None = None
    error: str | None = None


class Worker(Answer):
    """A worker process."""

    device: str
    pid: int | None
    alive: bool
    ready: bool
    restarts: int
    memory: dict[str, int]
    models: list[ModelInWorker]
    busy: dict[str, int]
    planes: dict[str, int]


class MemoryState(Answer):
    """Bytes of memory."""

    process: int = Field(description="Of the server.")
    workers: int = Field(description="Of its workers.")
    machine: int = Field(description="Of the machine.")
    available: int


class ArtifactsState(Answer):
    """Bytes of the artifacts."""

    bytes: int
    quota: int | None


class RecentProblem(Answer):
    """Problems that were answered at about the same time."""

    at: datetime
    code: str
    count: int


class Problems(Answer):
    """Problems that were answered since the start."""

    counts: dict[str, int] = Field(description="How often, by code.")
    recent: list[RecentProblem] = Field(description="The last ones, the newest first.")


class SystemData(Answer):
    """How a server is doing."""

    at: datetime
    version: str
    uptime: float = Field(description="Seconds.")
    draining: bool
    queue: QueueState
    throughput: float = Field(description="Items a second that were done lately.")
    latency: dict[str, Latency] = Field(description="By stage, over the last five minutes.")
    batch_sizes: dict[str, int] = Field(description="How often a batch had so many items.")
    workers: list[Worker]
    memory: MemoryState
    caches: dict[str, dict[str, int]]
    models: list[str]
    jobs: dict[str, int] = Field(description="By status.")
    artifacts: ArtifactsState
    errors: Problems
    websocket_connections: int
    event_streams: int


def system_data(facts: dict[str, Any]) -> SystemData:
    """Return a snapshot as an answer."""
    return SystemData.model_validate(facts)
