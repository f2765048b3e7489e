"""A worker process as the engine sees it: started, spoken to, and started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aetherist.serve.engine.messages import Beat, Do, Loaded, Ready, Setup, Stop
from aetherist.serve.engine.scratch import remove_drafts
from aetherist.serve.engine.state import ModelState, WorkerState
from aetherist.serve.engine.waiting import Item
from aetherist.serve.engine.work import LANES, Lane

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
"""Seconds before a worker that died is started again; twice as long each time that it dies soon."""

SETTLED = 60.0
"""Seconds after which a worker that lives is taken to be well."""

_SPAWN = multiprocessing.get_context("spawn")


class WorkerProcess:
    """One worker: its process, two threads that read and write its pipe, and what it is at.

    Everything but the two threads happens in the event loop. ``heard`` is called there for each message, and ``lost``
    when the process is gone, with how it ended.
    """

    def __init__(
        self,
        index: int,
        setup: Setup,
        heard: Callable[[WorkerProcess, Any], None],
        lost: Callable[[WorkerProcess, str], None],
    ) -> None:
        self.index = index
        self.setup = setup
        self.device = setup.device
        self._heard, self._lost = heard, lost
        self.process: Any = None
        self.ready = False
        self.restarts = -1
        self.models = {name: ModelState(name, "loading") for name in setup.sources}
        self.batches: dict[Lane, list[Item]] = {lane: [] for lane in LANES}
        self.busy: dict[Lane, bool] = dict.fromkeys(LANES, False)
        self.exclusive = False
        self.beat = Beat({}, {})
        self.planes_seen = {"hits": 0, "misses": 0}
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pause = FIRST_PAUSE
        self._started = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self.process is not None

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return None if self.process is None else self.process.pid

    def items(self) -> list[Item]:
        """Return what it is at."""
        return [item for batch in self.batches.values() for item in batch]

    def start(self) -> None:
        """Start the process."""
        self._timer = None
        self._started = time.monotonic()
        self._starting = asyncio.get_running_loop().create_task(self._start())

    def send(self, message: Any) -> None:
        """Send a message; returns at once."""
        if isinstance(message, Do):
            self.busy[message.lane] = True
        self._outbox.put(message)

    def kill(self) -> None:
        """End the process now; it is started again like one that died."""
        if self.process is not None:
            self.process.kill()

    async def stop(self, patience: float = 5.0) -> None:
        """End the process for good."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._starting is not None:
            with contextlib.suppress(Exception):
                await self._starting
        process = self.process
        if process is None:
            return
        self._outbox.put(Stop())
        await asyncio.to_thread(process.join, patience)
        if process.exitcode is None:
            process.kill()
            await asyncio.to_thread(process.join, patience)
        self._outbox.put(None)
        self._gone()

    def end(self) -> None:
        """End the process at the exit of ours, when no event loop runs any more."""
        self._ended = True
        self.kill()

    def state(self) -> WorkerState:
        """Return how it is doing."""
        return WorkerState(
            self.device,
            self.pid,
            self.alive,
            self.ready,
            max(0, self.restarts),
            dict(self.beat.memory),
            tuple(self.models.values()),
            {lane: len(batch) for lane, batch in self.batches.items()},
            dict(self.beat.planes),
        )

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = _SPAWN.Pipe()
        process = await asyncio.to_thread(_spawn, theirs, self.setup)
        theirs.close()
        self.restarts += 1
        self.process = process
        self._outbox = queue.SimpleQueue()
        self.planes_seen = {"hits": 0, "misses": 0}
        if self._ended:
            process.kill()
        threading.Thread(target=self._read, args=(loop, ours, process), daemon=True).start()
        threading.Thread(target=_write, args=(ours, self._outbox), daemon=True).start()

    def _read(self, loop: asyncio.AbstractEventLoop, connection: Connection, process: Any) -> None:
        """Hand each message to the event loop, until the process is gone."""
        with contextlib.suppress(RuntimeError):  # of a loop that is closed: nobody listens any more
            try:
                while True:
                    loop.call_soon_threadsafe(self._hear, process, connection.recv())
            except (EOFError, OSError):
                pass
            process.join()
            connection.close()
            loop.call_soon_threadsafe(self._lose, process)

    def _hear(self, process: Any, message: Any) -> None:
        if process is not self.process:
            return
        match message:
            case Ready():
                self.ready = True
                self.device = message.device
            case Loaded():
                self.models[message.model.name] = message.model
            case Beat():
                self.beat = message
        self._heard(self, message)

    def _lose(self, process: Any) -> None:
        if process is not self.process:
            return
        self._outbox.put(None)
        asyncio.get_running_loop().run_in_executor(None, remove_drafts, Path(self.setup.scratch), process.pid)
        code = process.exitcode
        self._gone()
        if time.monotonic() - self._started > SETTLED:
            self._pause = FIRST_PAUSE
        if self._ended:
            return
        self._timer = asyncio.get_running_loop().call_later(self._pause, self.start)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._lost(self, f"signal {-code}" if code is not None and code < 0 else f"exit code {code}")

    def _gone(self) -> None:
        self.process = None
        self.ready = self.exclusive = False
        self.busy = dict.fromkeys(LANES, False)
        self.beat = Beat({}, {})
        self.models = {name: ModelState(name, "loading") for name in self.setup.sources}


def _spawn(connection: Connection, setup: Setup) -> Any:
    from aetherist.serve.engine.entry import run

    process = _SPAWN.Process(target=run, args=(connection, setup), name=f"aetherist-{setup.device}", daemon=True)
    process.start()
    return process


def _write(connection: Connection, outbox: queue.SimpleQueue[Any]) -> None:
    """Send what is put into a queue, until ``None`` comes or nobody hears. Who reads closes the pipe."""
    with contextlib.suppress(OSError):
        while (message := outbox.get()) is not None:
            connection.send(message)
