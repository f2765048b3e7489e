"""One try at a job: what the kinds of jobs work with, and what they give."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from aetherist.serve.engine import Busy, File, ModelUnavailable, Work
from aetherist.serve.jobs.patience import patiently

if TYPE_CHECKING:
    from aetherist.serve.services import Services
    from aetherist.storage import Artifact, JobRow

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


class Abandoned(Exception):
    """The attempt was given up while a thread was at work on it."""


@attrs.frozen
class Outcome:
    """What a job gave.

    Attributes:
        artifacts: Files, in the order in which they are shown.
        facts: What else is worth telling, JSON-ready.
        pictures: How many were made, for the usage.
    """

    artifacts: list[Artifact]
    facts: dict[str, Any] = attrs.field(factory=dict)
    pictures: int = 0


@attrs.define(eq=False)
class Attempt:
    """One try at a job, by this server.

    Attributes:
        row: The job as it was claimed.
        services: Of the server.
        call: Runs what blocks in a thread.
        fraction: How far it is, 0 to 1.
        message: What is being done.
        reason: Why the work is given up: ``cancelled``, ``lost`` or ``released``.
        work: The task that does it.
    """

    row: JobRow
    services: Services
    call: Callable[..., Any]
    fraction: float = 0.0
    message: str = ""
    reason: str | None = None
    work: asyncio.Task[Outcome] | None = None

    @property
    def client(self) -> str:
        """Whom the engine counts the work to: between jobs of several keys it is fair."""
        return self.row.key_id or "jobs"

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far it is; it never goes back."""
        self.fraction = max(self.fraction, min(1.0, fraction))
        self.message = message or self.message

    def part(self, start: float, end: float) -> Callable[[float, str], None]:
        """Return what takes the progress of a part of the work."""
        return lambda fraction, message: self.progress(start + (end - start) * fraction, message)

    def give_up(self, reason: str) -> None:
        """End the work; the first reason counts."""
        if self.work is not None and not self.work.done():
            self.reason = self.reason or reason
            self.work.cancel()

    async def compute(self, work: Work, progress: Callable[[float, str], None] | None = None) -> Any:
        """Have the engine do something, as soon as it has room.

        Raises:
            EngineError: See :mod:`aetherist.serve.engine.errors`.
        """
        while True:
            try:
                return await self.services.engine.submit(work, client=self.client, lane="background", progress=progress)
            except (Busy, ModelUnavailable) as full:
                self.progress(0.0, "waiting for room" if isinstance(full, Busy) else "waiting for the model")
                await asyncio.sleep(min(max(full.retry_after, 0.05), 5.0))

    async def keep(self, data: bytes, media_type: str, name: str) -> Artifact:
        """Keep bytes as an artifact of this job."""
        return await self._kept(lambda: data, media_type, name)

    async def keep_parts(self, parts: Callable[[], Iterator[bytes]], media_type: str, name: str) -> Artifact:
        """Keep something large as an artifact of this job; its parts are made in a thread, perhaps more than once."""
        return await self._kept(parts, media_type, name)

    async def keep_file(self, file: File, name: str) -> Artifact:
        """Keep a file of the engine's scratch folder as an artifact of this job; it is removed there."""
        path = Path(file.path)
        try:
            return await self._kept(lambda: path, file.media_type, name)
        finally:
            await self.call(path.unlink, missing_ok=True)

    def demand_going(self) -> None:
        """End what is at work in a thread if the attempt was given up.

        Raises:
            Abandoned: Then.
        """
        if self.reason is not None:
            raise Abandoned

    async def _kept(self, data: Callable[[], bytes | Iterator[bytes] | Path], media_type: str, name: str) -> Artifact:
        store = self.services.storage.artifacts

        def put() -> Artifact:
            artifact = store.put(data(), media_type, file_name(name))
            store.refer(artifact.digest, self.row.id)
            return artifact

        return await patiently(lambda: self.call(put))


def file_name(text: str) -> str:
    """Return a name for a file that every system takes."""
    return _OTHER.sub("-", text).strip("-.")[:120] or "file"


def shown(artifact: Artifact) -> dict[str, Any]:
    """Return what the result of a job says of a file."""
    return {
        "name": artifact.name,
        "digest": artifact.digest,
        "media_type": artifact.media_type,
        "size": artifact.size,
    }
