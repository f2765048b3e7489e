"""What passes between the engine and a worker process."""

from __future__ import annotations

from typing import Any

import attrs

from aetherist.serve.engine.state import ModelState
from aetherist.serve.engine.work import Lane, Work


@attrs.frozen
class Settings:
    """What a worker is told of the configuration, at the start and whenever it changes."""

    planes_bytes: int
    recipe_parameters: int
    recipe_flops: int
    recipe_memory_bytes: int


@attrs.frozen
class Setup:
    """What a worker is started with."""

    device: str
    threads: int | None
    sources: dict[str, str]
    default: str
    scratch: str
    settings: Settings


# To the worker --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Do:
    """A batch for a lane: work by its number."""

    lane: Lane
    items: tuple[tuple[int, Work], ...]


@attrs.frozen
class Cancel:
    """Nobody waits for this work any more."""

    id: int


@attrs.frozen
class Stop:
    """End the process."""


# From the worker ------------------------------------------------------------------------------------------------------


@attrs.frozen
class Ready:
    """The worker takes work from now on."""

    device: str


@attrs.frozen
class Loaded:
    """What became of a model."""

    model: ModelState


@attrs.frozen
class Done:
    """The result of a piece of work, or the error that it ended with."""

    id: int
    result: Any = None
    error: Exception | None = None


@attrs.frozen
class Told:
    """How far a piece of work is."""

    id: int
    fraction: float
    text: str


@attrs.frozen
class Free:
    """A lane takes the next batch; results of the last may still come."""

    lane: Lane
    items: int
    seconds: float


@attrs.frozen
class Beat:
    """How the process is doing."""

    memory: dict[str, int]
    planes: dict[str, int]


@attrs.frozen
class Log:
    """A line for the log."""

    level: str
    event: str
    facts: dict[str, Any]
