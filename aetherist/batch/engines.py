"""Who does the work: this process, or several of this machine. Whoever dies over a task is replaced."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

import attrs

from aetherist.batch.job import Job
from aetherist.batch.maker import Failed, Maker, Outcome, Task
from aetherist.batch.stores import Store

MOST_DEATHS = 3
"""An item over which so many workers died is given up; so is a worker that dies so often before it works."""

Kind = Literal["ready", "done", "died", "broken"]


@attrs.frozen
class Event:
    """What happened to a worker.

    Attributes:
        worker: Its number, from 0.
        kind: It is ready to work, is done with its task, has died, or can go on no more.
        value: The outcomes of its task; or why it died or cannot go on: a text, or an exception.
    """

    worker: int
    kind: Kind
    value: Any = None


class Engine(ABC):
    """Workers that make items."""

    workers: int = 1

    @abstractmethod
    def start(self, worker: int) -> None:
        """Begin, or begin again, with a worker; it says when it is ready."""

    @abstractmethod
    def give(self, worker: int, task: Task) -> None:
        """Give a task to a worker that has none."""

    @abstractmethod
    def events(self) -> list[Event]:
        """Wait until something happens."""

    @abstractmethod
    def close(self) -> None:
        """End the workers, at once where they are at work."""

    def outcomes(self, tasks: Iterable[Task], stopping: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """Make items; yield what became of each.

        A task whose worker died is made again, item by item; what it recorded is not.

        Args:
            tasks: What to make.
            stopping: Whether to give out no more; what is at work is finished.

        Raises:
            RuntimeError: If workers die before they work.
            Exception: What a worker could not go on for, an ``OSError`` of the store for example.
        """
        waiting = iter(tasks)
        again: list[Task] = []
        at_work: dict[int, Task] = {}
        stillborn = dict.fromkeys(range(self.workers), 0)
        starting = set(stillborn)
        for worker in stillborn:
            self.start(worker)
        while starting or at_work:
            for event in self.events():
                worker, task = event.worker, at_work.pop(event.worker, None)
                if event.kind == "broken":
                    raise event.value
                if event.kind == "died":
                    stillborn[worker] += worker in starting
                    if stillborn[worker] >= MOST_DEATHS:
                        raise RuntimeError(f"workers die before they work: {event.value}")
                    for each in _one_by_one(task):
                        if each.deaths < MOST_DEATHS:
                            again.append(each)
                        else:
                            yield Failed(each.items[0], f"{each.deaths} workers died over it: {event.value}")
                    starting.discard(worker)
                    if not stopping():
                        self.start(worker)
                        starting.add(worker)
                    continue
                starting.discard(worker)
                if event.kind == "done":
                    stillborn[worker] = 0
                    yield from event.value
                following = None if stopping() else again.pop() if again else next(waiting, None)
                if following is not None:
                    self.give(worker, following)
                    at_work[worker] = following


def _one_by_one(task: Task | None) -> list[Task]:
    """Return what is left of a task whose worker died."""
    return [] if task is None else [Task((item,), task.deaths + 1) for item in task.items]


class ThisProcess(Engine):
    """Makes everything here.

    Args:
        maker: What makes it.
    """

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self._task: Task | None = None

    def start(self, worker: int) -> None:
        """Begin."""

    def give(self, worker: int, task: Task) -> None:
        """Take a task."""
        assert worker == 0
        self._task = task

    def events(self) -> list[Event]:
        """Make what was taken."""
        if self._task is None:
            return [Event(0, "ready")]
        return [Event(0, "done", self.maker.make(self._task))]

    def close(self) -> None:
        """End."""


class Processes(Engine):
    """Makes items in processes of this machine, each with a model of its own and one thread.

    Args:
        job: What to make.
        store: Where to; not in memory.
        digest: Of the model.
        workers: How many processes.
    """

    def __init__(self, job: Job, store: Store, digest: str, workers: int) -> None:
        self.job, self.store, self.digest, self.workers = job, store, digest, workers
        self._spawn = multiprocessing.get_context("spawn")
        self._processes: dict[int, Any] = {}
        self._lines: dict[int, Connection] = {}

    @property
    def pids(self) -> list[int]:
        """The processes' ids."""
        return [process.pid for process in self._processes.values()]

    def start(self, worker: int) -> None:
        """Begin with a process."""
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=work, args=(theirs, self.job, self.store, self.digest), daemon=True)
        # Ctrl-C is for whoever gives the tasks. Blocked signals are inherited, and ignored ones come only later.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._processes[worker], self._lines[worker] = process, ours

    def give(self, worker: int, task: Task) -> None:
        """Give a task to a process; one that is dead does not take it, and :meth:`events` tells."""
        with contextlib.suppress(OSError):
            self._lines[worker].send(task)

    def events(self) -> list[Event]:
        """Wait until a process has something to say, or ends."""
        ready = wait(list(self._lines.values()))
        return [self._heard(worker) for worker, line in self._lines.items() if line in ready]

    def close(self) -> None:
        """End the processes."""
        for line in self._lines.values():
            line.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.join(5)
            process.kill()
            process.join()
        self._lines.clear()

    def _heard(self, worker: int) -> Event:
        try:
            kind, value = self._lines[worker].recv()
        except (EOFError, OSError):
            process = self._processes[worker]
            process.join()
            self._lines[worker].close()
            return Event(worker, "died", _ended(process.exitcode))
        return Event(worker, kind, value)


def work(line: Connection, job: Job, store: Store, digest: str) -> None:
    """Do what the other end of ``line`` gives, until it hangs up."""
    import torch

    torch.set_num_threads(1)
    try:
        maker = Maker(job, store, digest=digest)
        line.send(("ready", None))
        while True:
            line.send(("done", maker.make(line.recv())))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        with contextlib.suppress(OSError):
            line.send(("broken", portable(error)))


def portable(error: Exception) -> Exception:
    """Return an error that survives the way to another process: those that the command line explains, or a text."""
    if type(error) is ValueError:
        return error
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, error.filename) if error.errno is not None else OSError(str(error))
    return RuntimeError(f"{type(error).__name__}: {error}".removesuffix(": "))


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        more = ", which the system sends where memory runs out" if -code == signal.SIGKILL else ""
        return f"the process was ended by {name}{more}"
    return f"the process ended with {code}"
