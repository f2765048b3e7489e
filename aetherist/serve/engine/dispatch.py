"""Hands batches to workers as their lanes become free, and work on when a worker dies."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from aetherist.serve.engine.errors import WorkerLost
from aetherist.serve.engine.messages import Beat, Cancel, Do, Done, Free, Loaded, Log, Ready, Settings, Setup, Told
from aetherist.serve.engine.process import WorkerProcess
from aetherist.serve.engine.scratch import remove
from aetherist.serve.engine.waiting import Item, Rows
from aetherist.serve.engine.work import LANES, Encoded, File, Lane, MakeAvatar, Mesh, Picture, Video

if TYPE_CHECKING:
    from aetherist.serve.live import LiveConfig
    from aetherist.telemetry import Metrics

GRACE = 60.0
"""Seconds that a lane may go on with work that nobody waits for, before its process is ended."""

LATELY = 10.0
"""Seconds over which the throughput is told."""

DEATHS = 3
"""Workers that may die with a piece of work among what they are at, before it is given up."""

KINDS = {Picture: "pictures", MakeAvatar: "people", Video: "frames", Mesh: "meshes"}


class Dispatch:
    """The queues and the workers. Everything here happens in the event loop.

    What was with a worker that died is done once more, alone: pictures while that worker does nothing else, so that
    what kills it again takes nobody with it. Work that dies alone a second time is given up.
    """

    def __init__(self, config: LiveConfig, metrics: Metrics, log: Any) -> None:
        self.config = config
        self.metrics = metrics
        self.log = log
        self.rows = Rows()
        self.workers: list[WorkerProcess] = []
        self.flying: dict[int, tuple[Item, WorkerProcess]] = {}
        self.batch_sizes: Counter[int] = Counter()
        self._pumping = False
        self._timers: dict[Lane, asyncio.TimerHandle] = {}
        self._each: dict[Lane, float] = {}
        self._finished: deque[float] = deque(maxlen=10_000)

    def add(self, setup: Setup) -> None:
        """Add a worker, which is still to be started."""
        self.workers.append(WorkerProcess(len(self.workers), setup, self._heard, self._lost))

    async def stop(self) -> None:
        """End the workers."""
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    def tell(self, settings: Settings) -> None:
        """Tell every worker, and those to come, of changed settings."""
        for worker in self.workers:
            worker.setup = attrs.evolve(worker.setup, settings=settings)
            worker.send(settings)

    def enter(self, item: Item) -> None:
        """Take work on."""
        self.rows.enter(item)
        self._depth(item.lane)
        self.pump()

    def drop(self, item: Item) -> None:
        """Forget work that is done, or that nobody waits for any more: its slot is free at once."""
        if item.dropped:
            return
        item.dropped = True
        self.rows.leave(item)
        self.rows[item.lane].remove(item)
        self._depth(item.lane)
        flying = self.flying.get(item.id)
        if flying is not None:
            _, worker = flying
            worker.send(Cancel(item.id))
            asyncio.get_running_loop().call_later(GRACE, self._unstick, worker, worker.pid, item)

    def items(self) -> list[Item]:
        """Return everything that is waiting or in work."""
        return [*(item for queue in self.rows.lanes.values() for item in queue), *(i for i, _ in self.flying.values())]

    def pending(self) -> list[asyncio.Future[Any]]:
        """Return what somebody waits for."""
        return [item.future for item in self.items() if not item.future.done()]

    def patience(self, lane: Lane, ahead: int) -> float:
        """Return in how many seconds a client may come again, by how long work took lately."""
        workers = max(1, sum(worker.ready for worker in self.workers))
        return min(60.0, max(1.0, math.ceil(self._each.get(lane, 0.5) * ahead / workers)))

    def throughput(self) -> float:
        """Return how many pieces of work a second were done lately."""
        while self._finished and time.monotonic() - self._finished[0] > LATELY:
            self._finished.popleft()
        return len(self._finished) / LATELY

    # Handing out ------------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Hand out what can be, once whatever is happening in the loop just now has happened."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        for lane in LANES:
            while self._hand_out(lane):
                pass

    def _hand_out(self, lane: Lane) -> bool:
        """Hand a batch to a worker whose lane is free; return whether there was one."""
        queue = self.rows[lane]
        free = [worker for worker in self.workers if worker.ready and not worker.exclusive and not worker.busy[lane]]
        again = queue.again and (lane == "background" or any(map(self._idle, free)))
        alone = again and lane != "background"
        first = queue.first(again=again)
        if first is None:
            return False
        free = [worker for worker in free if self._may_have(worker, first) and (not alone or self._idle(worker))]
        if not free:
            return False
        batching = self.config.current.batching
        batch, left = queue.take(time.monotonic(), batching.window_ms / 1000, batching.max_batch, again=again)
        if not batch:
            if left < math.inf:
                self._later(lane, left)
            return False
        worker = min(free, key=lambda each: (len(each.items()), each.index))
        worker.exclusive = alone
        worker.batches[lane] = batch
        now = time.monotonic()
        for item in batch:
            item.sent = now
            self.flying[item.id] = (item, worker)
            self.metrics.queue_wait.labels(lane).observe(now - item.queued)
        if isinstance(batch[0].work, Picture):
            self.metrics.batch_size.labels(batch[0].work.model).observe(len(batch))
            self.batch_sizes[len(batch)] += 1
        self._depth(lane)
        worker.send(Do(lane, tuple((item.id, item.work) for item in batch)))
        return True

    def _may_have(self, worker: WorkerProcess, item: Item) -> bool:
        """Whether to give work to a worker: where it could not load the model, another one may have."""
        name = getattr(item.work, "model", None)

        def refused(each: WorkerProcess) -> bool:
            return name in each.models and each.models[name].status == "refused"

        return not refused(worker) or all(refused(each) for each in self.workers if each.ready)

    def _later(self, lane: Lane, seconds: float) -> None:
        timer = self._timers.get(lane)
        if timer is None or timer.cancelled() or timer.when() <= asyncio.get_running_loop().time():
            self._timers[lane] = asyncio.get_running_loop().call_later(seconds, self.pump)

    # Hearing back -----------------------------------------------------------------------------------------------------

    def _heard(self, worker: WorkerProcess, message: Any) -> None:
        match message:
            case Done():
                self._done(message)
            case Told():
                item = self.flying[message.id][0] if message.id in self.flying else None
                if item is not None and item.progress is not None and not item.future.done():
                    item.progress(message.fraction, message.text)
            case Free():
                self._free(worker, message)
            case Ready():
                self.log.info("worker ready", device=worker.device, pid=worker.pid)
                self.metrics.workers.labels(worker.device).set(1)
                self.pump()
            case Beat():
                self._beat(worker, message)
            case Log():
                getattr(self.log, message.level)(message.event, device=worker.device, **message.facts)
            case Loaded():
                if message.model.status == "ready":
                    self.log.info("model ready", model=message.model.name, device=worker.device)

    def _done(self, message: Done) -> None:
        item, worker = self.flying.pop(message.id, (None, None))
        if item is None or worker is None:
            return
        batch = worker.batches[item.lane]
        if item in batch:
            batch.remove(item)
        self._settle(worker)
        if item.future.done():
            if isinstance(message.result, File):
                asyncio.get_running_loop().run_in_executor(None, remove, Path(message.result.path))
            return
        self._finished.append(time.monotonic())
        if message.error is not None:
            item.future.set_exception(message.error)
            return
        result = message.result
        work = item.work
        kind = KINDS.get(type(work))
        if kind is not None:
            amount = work.frames if isinstance(work, Video) else 1
            self.metrics.work.labels(getattr(work, "model", ""), kind).inc(amount)
        if isinstance(result, Encoded):
            result = attrs.evolve(result, stages={"queue": item.sent - item.queued} | result.stages)
        item.future.set_result(result)

    def _free(self, worker: WorkerProcess, message: Free) -> None:
        lane = message.lane
        worker.busy[lane] = False
        self._settle(worker)
        each = message.seconds / max(1, message.items)
        self._each[lane] = each if lane not in self._each else 0.8 * self._each[lane] + 0.2 * each
        self.pump()

    def _idle(self, worker: WorkerProcess) -> bool:
        """Whether a worker is at nothing; a lane is free while its last pictures are still written as files."""
        return not any(worker.busy.values()) and all(owner is not worker for _, owner in self.flying.values())

    def _settle(self, worker: WorkerProcess) -> None:
        """Let a worker take other work again, once it lived through what it had alone."""
        if worker.exclusive and self._idle(worker):
            worker.exclusive = False
            self.pump()

    def _beat(self, worker: WorkerProcess, message: Beat) -> None:
        name = str(worker.index)
        for kind, size in (message.memory | {"planes": message.planes.get("bytes", 0)}).items():
            self.metrics.memory.labels(name, kind).set(size)
        for kind, metric in (("hits", self.metrics.cache_hits), ("misses", self.metrics.cache_misses)):
            seen = message.planes.get(kind, 0)
            metric.labels("planes").inc(max(0, seen - worker.planes_seen[kind]))
            worker.planes_seen[kind] = seen

    def _lost(self, worker: WorkerProcess, how: str) -> None:
        """Put what a dead worker was at back into the queues, or give it up."""
        held = [item for item, owner in self.flying.values() if owner is worker]
        self.log.error("worker died", device=worker.device, how=how, items=len(held))
        self.metrics.workers.labels(worker.device).set(0)
        self.metrics.restarts.labels(worker.device).inc()
        worker.batches = {lane: [] for lane in LANES}
        wanted = [item for item in held if not item.dropped and not item.future.done()]
        for item in held:
            del self.flying[item.id]
        for item in wanted:
            item.deaths += 1
            if (item.deaths > 1 and len(held) == 1) or item.deaths >= DEATHS:
                text = f"the worker died twice while it was at this ({how}): it was killed, or ran out of memory"
                item.future.set_exception(WorkerLost(text))
            else:
                self.rows[item.lane].push_again(item)
        self.pump()

    def _unstick(self, worker: WorkerProcess, pid: int | None, item: Item) -> None:
        """End a process whose lane does not let go of work that nobody waits for."""
        batch = worker.batches[item.lane]
        if worker.pid == pid and worker.busy[item.lane] and item in batch and all(each.dropped for each in batch):
            self.log.error("worker does not stop", device=worker.device, lane=item.lane)
            worker.kill()

    def _depth(self, lane: Lane) -> None:
        self.metrics.queue_depth.labels(lane).set(len(self.rows[lane]))
