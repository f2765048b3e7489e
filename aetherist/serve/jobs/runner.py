"""Takes jobs from the database, works at them, and finishes each once, whatever happens to this server or to others."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from aetherist.serve.engine import Stopped
from aetherist.serve.failures import problem_of
from aetherist.serve.jobs.attempt import Attempt, Outcome, shown
from aetherist.serve.jobs.housekeeping import Housekeeping
from aetherist.serve.jobs.kinds import work_of
from aetherist.serve.jobs.patience import patiently
from aetherist.serve.jobs.telling import News
from aetherist.serve.problems import Problem
from aetherist.serve.streams import Streams
from aetherist.serve.system import Problems
from aetherist.storage import LostClaim, StorageError
from aetherist.telemetry import bound

if TYPE_CHECKING:
    from aetherist.serve.services import Services
    from aetherist.storage import JobRow

THREADS = 4
"""Of this runner alone: downloads may hold all others, and a heartbeat that waits for them would lose its job."""

TOLD = 0.25
"""Seconds between two times that progress is written down, at least."""


class JobRunner:
    """Works at jobs, a few at a time, until it is stopped.

    Several servers may share a database: each job is claimed by one of them, says by its heartbeat that it is at work,
    and goes to another one when that stops.

    Args:
        services: Of the server.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.streams = Streams()
        self.news = News()
        self.housekeeping = Housekeeping(services)
        self.problems = Problems(services.metrics)
        self._threads = ThreadPoolExecutor(THREADS, "jobs")
        self._attempts: dict[str, Attempt] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to take jobs."""
        self._loop = asyncio.get_running_loop()
        self._loops = [
            asyncio.create_task(self._take_jobs(), name="jobs"),
            asyncio.create_task(self._keep_house(), name="housekeeping"),
        ]

    async def stop(self, drain: float) -> None:
        """Take no more jobs, let those at work end within ``drain`` seconds, and give the rest back to the queue."""
        self._stopping = True
        self.streams.close()
        self._woken.set()
        for loop in self._loops[1:]:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)  # a claim that is under way ends first
        if self._running:
            await asyncio.wait(self._running, timeout=drain)
        for attempt in list(self._attempts.values()):
            attempt.give_up("released")
        await asyncio.gather(*self._running, return_exceptions=True)
        try:
            await self.call(self.services.storage.jobs.release, self.worker)
        except StorageError as error:
            self.services.log.error("jobs could not be given back: others take them later", reason=str(error))
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run what blocks in a thread of the runner."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **options))

    def wake(self) -> None:
        """Look for jobs at once."""
        self._woken.set()

    def wake_soon(self) -> None:
        """Look for jobs at once; to be called from another thread."""
        if self._loop is not None and not self._stopping:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def cancel(self, job: str) -> JobRow:
        """Ask that a job end, and end it if it is at work here.

        Raises:
            MissingError: If there is no such job.
        """
        row: JobRow = await self.call(self.services.storage.jobs.request_cancel, job)
        if (attempt := self._attempts.get(job)) is not None:
            attempt.give_up("cancelled")
        self.news.tell(job)
        return row

    @property
    def running(self) -> list[str]:
        """The jobs at work here."""
        return list(self._attempts)

    async def _take_jobs(self) -> None:
        jobs = self.services.storage.jobs
        while not self._stopping:
            self._woken.clear()
            settings = self.services.settings.jobs
            row = None
            if len(self._attempts) < settings.concurrency and not self.services.draining:
                try:
                    row = await self.call(jobs.claim, self.worker)
                except StorageError as error:
                    self.services.log.error("no job can be claimed", reason=str(error))
                except Exception:
                    self.services.log.exception("no job can be claimed")
            if row is None:
                await self._rest(settings.poll_seconds)
                continue
            if self._stopping:
                return  # it goes back to the queue with the rest
            attempt = Attempt(row, self.services, self.call)
            self._attempts[row.id] = attempt
            task = asyncio.create_task(self._attend(attempt), name=row.id)
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _attend(self, attempt: Attempt) -> None:
        """Work at a job, and say all the while that it lives and how far it is."""
        row, log = attempt.row, self.services.log.bind(job_id=attempt.row.id, kind=attempt.row.kind)
        self.services.metrics.jobs_running.inc()
        began = time.monotonic()
        try:
            with bound(job_id=row.id):
                log.info("a job begins", attempt=row.attempts)
                attempt.work = asyncio.create_task(work_of(attempt))
                await self._watch(attempt)
                status = await self._end(attempt, time.monotonic() - began)
                log.info("a job ends", status=status, seconds=round(time.monotonic() - began, 3))
        except Exception:
            log.exception("a job could not be attended to")
        finally:
            if attempt.work is not None and not attempt.work.done():
                attempt.work.cancel()
            del self._attempts[row.id]
            self.services.metrics.jobs_running.dec()
            self.news.tell(row.id)
            self.wake()

    async def _watch(self, attempt: Attempt) -> None:
        """Beat, tell of progress, and listen for the wish to cancel, until the work is over."""
        jobs, row, work = self.services.storage.jobs, attempt.row, attempt.work
        assert work is not None
        every = self.services.settings.jobs.heartbeat_seconds
        beaten, told = time.monotonic(), (row.progress, row.message)
        while not work.done():
            await asyncio.wait({work}, timeout=min(TOLD, every))
            now, state = time.monotonic(), (attempt.fraction, attempt.message)
            try:
                if state != told and not work.done():
                    found = await self.call(jobs.progress, row.id, self.worker, *state)
                    beaten, told = now, state
                    self.news.tell(row.id)
                elif now - beaten >= every:
                    beaten = now
                    found = await self.call(jobs.beat, row.id, self.worker)
                else:
                    continue
                if found.cancel_requested:
                    attempt.give_up("cancelled")
            except LostClaim:
                attempt.give_up("lost")
            except StorageError as error:
                self.services.log.warning("a heartbeat was missed", job_id=row.id, reason=str(error))

    async def _end(self, attempt: Attempt, seconds: float) -> str:
        """Write down how the work ended; return the status."""
        jobs, row, work = self.services.storage.jobs, attempt.row, attempt.work
        assert work is not None
        problem: Problem | None = None
        outcome: Outcome | None = None
        try:
            outcome = await work
        except asyncio.CancelledError:
            if attempt.reason is None:
                attempt.reason = "released"  # the loop itself ends
        except Exception as error:
            if isinstance(error, Stopped) or (self._stopping and attempt.reason == "released"):
                attempt.reason = "released"
            else:
                problem = problem_of(error)
                if problem.code == "internal":
                    self.services.log.exception("a job failed", job_id=row.id, exc_info=error)
        if outcome is not None:
            result = {"artifacts": [shown(artifact) for artifact in outcome.artifacts], **outcome.facts}
            digests = list(dict.fromkeys(artifact.digest for artifact in outcome.artifacts))
            status, write = "done", partial(jobs.finish, row.id, self.worker, result, digests)
        elif problem is not None:
            status, write = "failed", partial(jobs.fail, row.id, self.worker, problem.to_dict())
        elif attempt.reason == "cancelled":
            status, write = "cancelled", partial(jobs.cancelled, row.id, self.worker)
        else:
            return attempt.reason or "released"
        if problem is not None:
            self.services.metrics.errors.labels(problem.code).inc()
        await self._write_down(write, row.id)
        self.services.metrics.jobs.labels(row.kind, status).inc()
        if status != "cancelled":
            self.services.usage.add(
                row.request.get("model") or "",
                row.key_id,
                f"job.{row.kind}",
                outcome.pictures if outcome else 0,
                seconds,
                failed=problem is not None,
            )
        return status

    async def _write_down(self, write: Callable[[], Any], job: str) -> None:
        """Write how a job ended, with patience: what was done is not to be lost to a moment's lock."""
        log = self.services.log.bind(job_id=job)
        try:
            await patiently(lambda: self.call(write))
        except LostClaim as error:
            log.warning("a job was another server's at its end", reason=str(error))
        except StorageError as error:
            log.error("the end of a job could not be written down", reason=str(error))

    async def _keep_house(self) -> None:
        while True:
            self.problems.look()
            try:
                if await self.call(self.housekeeping.turn):
                    self.wake()
            except StorageError as error:
                self.services.log.warning("housekeeping was put off", reason=str(error))
            except Exception:
                self.services.log.exception("housekeeping failed")
            await asyncio.sleep(min(5.0, self.services.settings.jobs.heartbeat_seconds))
