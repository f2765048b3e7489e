"""The worker process: hears what is to do, and has its lanes do it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import attrs
import psutil
import torch

from aetherist.serve.engine.messages import (
    Beat,
    Cancel,
    Do,
    Done,
    Free,
    Loaded,
    Log,
    Ready,
    Settings,
    Setup,
    Stop,
    Told,
)
from aetherist.serve.engine.state import ModelState
from aetherist.serve.engine.work import LANES, Lane, Work
from aetherist.serve.engine.worker.desk import Desk
from aetherist.serve.engine.worker.failing import told
from aetherist.serve.engine.worker.pictures import Rendered
from aetherist.serve.engine.worker.tokens import Cancelled, Token

BEAT = 1.0
"""Seconds between two messages of how the process is doing."""

NICE = 10
"""How far work that nobody waits for stands back where the processor is short."""

ENCODERS = 4
"""Threads at most that write pictures as files while the next are rendered."""


def main(connection: Connection, setup: Setup) -> None:
    """Run a worker until its engine says stop, or is gone."""
    # The engine says when to end: a signal to the whole group would take its work away while it drains.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        Worker(connection, attrs.evolve(setup, device=_device(setup.device))).serve()
    os._exit(0)  # without waiting for what lanes are at: nobody is left to hear of it


def _device(asked: str) -> str:
    """Return a device by its own name: ``auto`` is the first GPU if there is one."""
    if asked != "auto":
        return asked
    return "cuda:0" if torch.cuda.is_available() else "cpu"


class Worker:
    """One process: a thread that hears, one that works for each lane, and a few that write pictures as files."""

    def __init__(self, connection: Connection, setup: Setup) -> None:
        self.connection = connection
        self.setup = setup
        self.desk = Desk(setup, tell=self._model)
        self.tokens: dict[int, Token] = {}
        self.lanes: dict[Lane, queue.SimpleQueue[Do]] = {lane: queue.SimpleQueue() for lane in LANES}
        self.encoders = ThreadPoolExecutor(min(ENCODERS, os.cpu_count() or 1), thread_name_prefix="encoder")
        self.room = threading.Semaphore(4 * ENCODERS)
        self.process = psutil.Process()
        self._sending = threading.Lock()

    def serve(self) -> None:
        """Load the models, the default one first, and do what comes until the end."""
        threading.Thread(target=self._start, daemon=True).start()
        for lane in LANES:
            threading.Thread(target=self._work, args=(lane,), name=lane, daemon=True).start()
        heard = 0.0
        while True:
            if self.connection.poll(max(0.0, heard + BEAT - time.monotonic())):
                message = self.connection.recv()
                if isinstance(message, Stop):
                    return
                self._hear(message)
            if time.monotonic() - heard >= BEAT:
                heard = time.monotonic()
                self.send(self._beat())
                # Nobody asks a gateway that is not ready, and without this model it is not: it comes back by itself.
                self.desk.shelf.revive(self.setup.default)

    def send(self, message: Any) -> None:
        """Send a message to the engine; from any thread."""
        with self._sending:
            self.connection.send(message)

    def _start(self) -> None:
        setup = self.setup
        names = [setup.default, *(name for name in setup.sources if name != setup.default)]
        self.desk.shelf.load(names[0])
        self.send(Ready(setup.device))
        for name in names[1:]:
            self.desk.shelf.load(name)

    def _hear(self, message: Do | Cancel | Settings) -> None:
        match message:
            case Do():
                for number, _ in message.items:
                    self.tokens[number] = Token(partial(self._tell, number))
                self.lanes[message.lane].put(message)
            case Cancel():
                token = self.tokens.get(message.id)
                if token is not None:
                    token.cancel()
            case Settings():
                self.desk.change(message)

    def _tell(self, number: int, fraction: float, text: str) -> None:
        self.send(Told(number, fraction, text))

    def _work(self, lane: Lane) -> None:
        """Do the batches of a lane, one after the other."""
        if lane != "interactive" and sys.platform == "linux":  # where threads have priorities of their own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        if self.setup.threads is not None:
            torch.set_num_threads(self.setup.threads)
        while True:
            batch = self.lanes[lane].get()
            start = time.perf_counter()
            works = [work for _, work in batch.items]
            tokens = [self.tokens[number] for number, _ in batch.items]

            def give(place: int, result: Any, batch: Do = batch) -> None:
                self._give(*batch.items[place], result)

            try:
                self.desk.do(works, tokens, give)
            except BaseException as error:
                for place, (number, _) in enumerate(batch.items):
                    if number in self.tokens:
                        give(place, error)
            self.send(Free(lane, len(works), time.perf_counter() - start))

    def _give(self, number: int, work: Work, result: Any) -> None:
        """Send a result, or an error; a picture is first written as a file, while the lane goes on."""
        if isinstance(result, Rendered):
            self.room.acquire()
            self.encoders.submit(self._encode, number, work, result)
            return
        self.tokens.pop(number, None)
        if isinstance(result, Cancelled):
            self.send(Done(number))
        elif isinstance(result, BaseException):
            error, trace = told(result)
            if trace is not None:
                self.log("error", "work failed", kind=type(work).__name__, trace=trace)
            self.send(Done(number, error=error))
        else:
            self.send(Done(number, result))

    def _encode(self, number: int, work: Work, rendered: Rendered) -> None:
        token = self.tokens.get(number)
        try:
            if token is not None:
                token.check()
            result: Any = rendered.encode()
        except BaseException as error:
            result = error
        self.room.release()
        self._give(number, work, result)

    def _model(self, state: ModelState) -> None:
        if state.error is not None:
            self.log("error", "model refused", model=state.name, reason=state.error)
        self.send(Loaded(state))

    def log(self, level: str, event: str, **facts: Any) -> None:
        """Have the engine write a line in its log."""
        self.send(Log(level, event, facts))

    def _beat(self) -> Beat:
        memory = {"resident": self.process.memory_info().rss}
        if self.setup.device.startswith("cuda"):
            memory["gpu"] = torch.cuda.memory_reserved(self.setup.device)
        return Beat(memory, self.desk.planes())
