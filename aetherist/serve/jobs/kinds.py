"""The kinds of jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from aetherist.serve.jobs import batch, generate, mesh, run, video
from aetherist.serve.jobs.attempt import Attempt, Outcome
from aetherist.serve.jobs.requests import read
from aetherist.serve.problems import Problem

KINDS: dict[str, Callable[[Attempt, Any], Awaitable[Outcome]]] = {
    "video": video.make,
    "mesh": mesh.make,
    "generate": generate.make,
    "batch": batch.make,
    "run": run.make,
}


async def work_of(attempt: Attempt) -> Outcome:
    """Do what a job asks for.

    Raises:
        Problem: If it is of a kind, or says something, that this version does not know.
    """
    row = attempt.row
    try:
        body = read(row.kind, row.request)
    except ValidationError:
        raise Problem("invalid_request", "the job comes from another version, and this one cannot read it") from None
    return await KINDS[row.kind](attempt, body)
