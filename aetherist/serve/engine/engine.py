"""The engine: takes work from many clients and has worker processes do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aetherist.serve.engine.state import EngineState
from aetherist.serve.engine.work import Lane, Work

if TYPE_CHECKING:
    from aetherist.serve.live import LiveConfig
    from aetherist.telemetry import Metrics

Progress = Callable[[float, str], None]
"""Is told the share of the work that is done, from 0 to 1, and what is being done."""


class Engine:
    """Takes work from many clients and has one worker process a device do it.

    Args:
        config: What it may do; limits, batching and cache are read anew each time.
        metrics: What it counts in.
        scratch: Folder for files that it writes; by default ``scratch`` in the data folder.
    """

    def __init__(self, config: LiveConfig, metrics: Metrics, *, scratch: Path | None = None) -> None:
        self.config = config
        self.metrics = metrics
        self.scratch = scratch

    async def start(self) -> None:
        """Start the workers; returns before they are ready."""
        raise NotImplementedError

    async def stop(self, drain: float = 0.0) -> None:
        """Take no more work, give what is there ``drain`` seconds to be done, and end the workers."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Return whether a worker takes work."""
        raise NotImplementedError

    async def submit(
        self,
        work: Work,
        *,
        client: str,
        lane: Lane | None = None,
        deadline: float | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """Have work done and return its result; cancelling the task that waits here frees the slot.

        Args:
            work: One of :mod:`aetherist.serve.engine.work`.
            client: Who asks: between clients the engine is fair.
            lane: By default the one of its kind.
            deadline: Seconds from now; by default ``limits.deadline_seconds``, and none in the background.
            progress: Told how far it is, in the event loop.

        Raises:
            EngineError: See :mod:`aetherist.serve.engine.errors`.
        """
        raise NotImplementedError

    async def submit_many(self, works: Sequence[Work], *, client: str, **options: Any) -> list[Any]:
        """Have several pieces of work done, a few at a time so that they fit the queue; results in order."""
        raise NotImplementedError

    def state(self) -> EngineState:
        """Return how it is doing."""
        raise NotImplementedError
