"""The engine: takes work from many clients and has worker processes do it."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aetherist.serve.engine.dispatch import Dispatch
from aetherist.serve.engine.errors import Busy, Expired, Refused, Stopped, UnknownModel
from aetherist.serve.engine.messages import Settings, Setup
from aetherist.serve.engine.pictures import PictureCache
from aetherist.serve.engine.scratch import open_scratch, remove
from aetherist.serve.engine.state import EngineState
from aetherist.serve.engine.waiting import Item
from aetherist.serve.engine.work import CheckRecipe, Encoded, Lane, Picture, RunGraph, Work
from aetherist.telemetry import Stages, get_logger

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig
    from aetherist.serve.live import LiveConfig
    from aetherist.telemetry import Metrics

Progress = Callable[[float, str], None]
"""Is told the share of the work that is done, from 0 to 1, and what is being done."""

BUSY_PAUSE = 0.1
"""Seconds until a further picture of a request that is being answered asks for room again."""

AT_ONCE = 8
"""How many of one request's pictures are on their way together, where a client may have more."""


class Engine:
    """Takes work from many clients and has one worker process a device do it.

    Args:
        config: What it may do; limits, batching and cache are read anew each time.
        metrics: What it counts in.
        scratch: Where it makes a folder for the files that it writes; by default in the data folder.
    """

    def __init__(self, config: LiveConfig, metrics: Metrics, *, scratch: Path | None = None) -> None:
        self.config = config
        self.metrics = metrics
        self._base = scratch
        self.scratch: Path | None = None
        self.log = get_logger("engine")
        self.pictures = PictureCache()
        self.dispatch = Dispatch(config, metrics, self.log)
        self._numbers = count(1)
        self._stopping = False
        self._endings: list[Callable[[], Any]] = []

    async def start(self) -> None:
        """Start the workers; returns before they are ready."""
        current = self.config.current
        self.scratch = await asyncio.to_thread(open_scratch, self._base or current.server.data_folder / "scratch")
        loop = asyncio.get_running_loop()
        for device in current.models.devices:
            setup = Setup(
                device,
                current.models.threads,
                dict(current.models.sources),
                current.models.default,
                str(self.scratch),
                _settings(current),
            )
            self.dispatch.add(setup)
        for worker in self.dispatch.workers:
            worker.start()

        def change(config: ServerConfig) -> None:
            loop.call_soon_threadsafe(self.dispatch.tell, _settings(config))
            loop.call_soon_threadsafe(self.pictures.trim, int(config.cache.pictures_bytes))

        self._endings = [self.config.watch(pattern, change) for pattern in ("cache.*", "limits.*")]
        atexit.register(self._leave)

    async def stop(self, drain: float = 0.0) -> None:
        """Take no more work, give what is there ``drain`` seconds to be done, and end the workers."""
        self._stopping = True
        for end in self._endings:
            end()
        self._endings = []
        left = self.dispatch.pending()
        if left and drain > 0:
            await asyncio.wait(left, timeout=drain)
        for item in self.dispatch.items():
            self.dispatch.drop(item)
            _fail(item, Stopped("the server stopped before this was done; ask again in a moment"))
        await self.dispatch.stop()
        if self.scratch is not None:
            await asyncio.to_thread(remove, self.scratch)
        atexit.unregister(self._leave)

    def ready(self) -> bool:
        """Return whether a worker takes work."""
        return not self._stopping and any(worker.ready for worker in self.dispatch.workers)

    def unready(self) -> str | None:
        """Return why a request that names no model would not be done, for the operator; ``None`` where it would.

        A worker takes work once it has loaded the default model, or refused it. What it refused it tries again by
        itself, and stays refused until that has gone well: nothing here comes and goes meanwhile.
        """
        if not self.ready():
            return "no worker is ready"
        default = self.config.current.models.default
        if all(worker.models[default].status == "refused" for worker in self.dispatch.workers if worker.ready):
            return f"the default model {default} cannot be loaded; GET /v1/system says why"
        return None

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
        current = self.config.current
        self._check(work, current)
        key = None
        if isinstance(work, Picture) and work.output != "raw" and current.cache.pictures_bytes:
            key, found = self.pictures.find(work)
            (self.metrics.cache_misses if found is None else self.metrics.cache_hits).labels("pictures").inc()
            if found is not None:
                return found
        lane = lane or work.lane
        self._room(client, lane, current)
        loop = asyncio.get_running_loop()
        item = Item(next(self._numbers), work, client, lane, loop.create_future(), progress, time.monotonic())
        if deadline is None and lane != "background":
            deadline = current.limits.deadline_seconds
        if deadline is not None:
            item.timer = loop.call_later(deadline, partial(self._expire, item, deadline))
        self.dispatch.enter(item)
        try:
            result = await item.future
        finally:
            if item.timer is not None:
                item.timer.cancel()
            self.dispatch.drop(item)
        if isinstance(result, Encoded):
            Stages(self.metrics).take(result.stages)
            if key is not None:
                self.pictures.keep(key, result, self.config.current.cache.pictures_bytes)
        return result

    async def submit_many(
        self,
        works: Sequence[Work],
        *,
        client: str,
        lane: Lane | None = None,
        deadline: float | None = None,
        done: Callable[[int, Any], None] | None = None,
    ) -> list[Any]:
        """Have several pieces of work done, a few at a time so that they fit the queue; return results in order.

        The first that fails ends all of them.

        Args:
            works: What is asked for.
            client: As in :meth:`submit`, like the rest.
            lane: See there.
            deadline: Of all of them together.
            done: Given the place and the result of each as it is done.

        Raises:
            EngineError: Of the first that failed.
        """
        limits = self.config.current.limits
        slots = asyncio.Semaphore(max(1, min(AT_ONCE, limits.per_client, limits.queue)))
        loop = asyncio.get_running_loop()
        if deadline is None and (lane or (works[0].lane if works else "background")) != "background":
            deadline = limits.deadline_seconds
        until = None if deadline is None else loop.time() + deadline
        results: list[Any] = [None] * len(works)

        inside = 0  # those that were let in; once there is one, the others wait for room

        async def one(place: int, work: Work) -> None:
            nonlocal inside
            async with slots:
                while True:
                    left = None if until is None else max(0.001, until - loop.time())
                    inside += 1
                    try:
                        results[place] = await self.submit(work, client=client, lane=lane, deadline=left)
                        break
                    except Busy:
                        inside -= 1
                        if not inside or (until is not None and loop.time() > until):
                            raise
                        await asyncio.sleep(BUSY_PAUSE)
            if done is not None:
                done(place, results[place])

        try:
            async with asyncio.TaskGroup() as group:
                for place, work in enumerate(works):
                    group.create_task(one(place, work))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return results

    def state(self) -> EngineState:
        """Return how it is doing."""
        dispatch = self.dispatch
        return EngineState(
            {lane: len(queue) for lane, queue in dispatch.rows.lanes.items()},
            dict(dispatch.rows.clients),
            len(dispatch.flying),
            dispatch.throughput(),
            dict(sorted(dispatch.batch_sizes.items())),
            self.pictures.state(self.config.current.cache.pictures_bytes),
            tuple(worker.state() for worker in dispatch.workers),
            self._stopping,
        )

    def _check(self, work: Work, current: ServerConfig) -> None:
        """Refuse at once what no worker can do."""
        if self._stopping:
            raise Stopped("the server is stopping; ask again in a moment")
        model = getattr(work, "model", None)
        if model is not None and model not in current.models.sources:
            known = ", ".join(current.models.sources)
            raise UnknownModel(f"there is no model '{model}'; the server has {known}")
        if isinstance(work, RunGraph) and (work.model is None) == (work.text is None):
            raise Refused("a run is of a model's graph, or of a recipe's: give one of them")
        size = getattr(work, "size", None)
        if size is not None and not 0 < size * size <= current.limits.picture_pixels:
            raise Refused(f"a size of {size} pixels a side: a picture has {current.limits.picture_pixels:,} at most")
        if isinstance(work, CheckRecipe | RunGraph) and work.text is not None:
            length = len(work.text.encode())
            if length > current.limits.recipe_bytes:
                raise Refused(
                    f"the recipe has {length:,} bytes; {int(current.limits.recipe_bytes):,} are allowed", "too_costly"
                )

    def _room(self, client: str, lane: Lane, current: ServerConfig) -> None:
        """Refuse what the queue has no room for."""
        queue = self.dispatch.rows[lane]
        if queue.count(client) >= current.limits.per_client:
            text = f"{current.limits.per_client} of your requests wait already; let them be answered first"
            raise Busy(text, self.dispatch.patience(lane, current.limits.per_client))
        if len(queue) >= current.limits.queue:
            raise Busy("the server has more to do than it can take on", self.dispatch.patience(lane, len(queue)))

    def _expire(self, item: Item, deadline: float) -> None:
        where = "was being worked on" if item.id in self.dispatch.flying else "was still waiting"
        _fail(item, Expired(f"this was not done within {deadline:g} seconds: it {where}"))

    def _leave(self) -> None:
        for worker in self.dispatch.workers:
            worker.end()


def _fail(item: Item, error: Exception) -> None:
    if not item.future.done():
        item.future.set_exception(error)


def _settings(config: ServerConfig) -> Settings:
    limits = config.limits
    return Settings(
        int(config.cache.planes_bytes), limits.recipe_parameters, limits.recipe_flops, int(limits.recipe_memory_bytes)
    )
