"""Work that outlives its request."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response
from starlette.concurrency import run_in_threadpool

from aetherist.serve.jobs import JobRunner
from aetherist.serve.jobs.requests import JobBody
from aetherist.serve.jobs.showing import job_data, job_event, job_result
from aetherist.serve.jobs.submitting import submit
from aetherist.serve.jobs.telling import follow
from aetherist.serve.openapi import problems
from aetherist.serve.problems import Problem
from aetherist.serve.routes.convertors import or_nothing
from aetherist.serve.schemas.common import Limit, Page
from aetherist.serve.schemas.jobs import JobData, JobId, JobResult, Kind, Status
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services
from aetherist.serve.streams import EVENTS
from aetherist.storage import JobRow, MissingError

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


def unknown_job(id: str) -> Problem:
    """Return the problem that a job is which is not there."""
    return Problem("unknown_job", f"there is no job {id}, or it ended too long ago")


Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]
Maker = Annotated[Caller, Depends(require("generate"))]
Id = Annotated[JobId, or_nothing(unknown_job), Path()]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Chosen by you for this request: sent again with it, the request is the same job.",
    ),
]
LastEvent = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=200, description="Of the last event that you had.")
]

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The job is taken in, and will be done whatever happens to the server.",
        "headers": {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}},
    }
}
REFUSALS = problems("unknown_model", "unknown_avatar", "conflict", "too_large", "busy", "damaged_artifact", "forbidden")

_EXAMPLES: dict[str, Any] = {
    "video": {"summary": "An orbit", "value": {"kind": "video", "people": [{"seed": 7}], "frames": 60}},
    "between": {
        "summary": "One becomes another",
        "value": {"kind": "video", "people": [{"seed": 1}, {"seed": 2}], "path": "sway", "format": "webm"},
    },
    "mesh": {"summary": "A mesh", "value": {"kind": "mesh", "person": {"seed": 7}, "format": "glb"}},
    "batch": {"summary": "A hundred people", "value": {"kind": "batch", "seeds": "0-99", "format": "webp"}},
    "run": {"summary": "A graph, step by step", "value": {"kind": "run", "graph": "generate", "seed": 7}},
}


@router.post(
    "",
    summary="Ask for a job",
    operation_id="create_job",
    status_code=202,
    responses=ACCEPTED | REFUSALS,
)
async def create_job(
    body: Annotated[JobBody, Body(openapi_examples=_EXAMPLES)],
    response: Response,
    parts: Parts,
    caller: Maker,
    idempotency_key: IdempotencyKey = None,
) -> JobData:
    """A job survives a restart of the server; if the server dies, the job is begun once more."""
    row = await submit(body, parts, caller, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{row.id}"
    return job_data(row, parts)


@router.get("", summary="List jobs", operation_id="list_jobs")
async def list_jobs(
    parts: Parts,
    _caller: Reader,
    status: Status | None = None,
    kind: Kind | None = None,
    limit: Annotated[Limit, Query()] = 50,
    before: Annotated[JobId | None, Query(description="`next` of the page before.")] = None,
) -> Page[JobData]:
    """The newest first, without their results."""
    return await listed(parts, status, kind, limit, before)


@router.get("/{id}", summary="Say how a job is", operation_id="get_job", responses=problems("unknown_job"))
async def get_job(id: Id, parts: Parts, _caller: Reader) -> JobData:
    """With its result when it is done."""
    return job_data(await found(id, parts), parts)


@router.post(
    "/{id}/cancel",
    summary="End a job",
    operation_id="cancel_job",
    status_code=202,
    responses=problems("unknown_job", "forbidden"),
)
async def cancel_job(id: Id, parts: Parts, caller: Maker) -> JobData:
    """One that waits is cancelled at once, one at work soon, and one that has ended stays as it is."""
    row = await found(id, parts)
    if row.key_id != caller.key_id and not caller.may("admin"):
        raise Problem("forbidden", f"the job {row.id} belongs to another key")
    return job_data(await parts.jobs.cancel(id), parts)


@router.get(
    "/{id}/events",
    summary="Follow a job",
    operation_id="follow_job",
    response_class=Response,
    responses=EVENTS | problems("unknown_job", "busy", "shutting_down"),
)
async def follow_job(id: Id, parts: Parts, _caller: Reader, last_event_id: LastEvent = None) -> Response:
    """Server-sent events: `progress`, and at the end `done`, `failed` or `cancelled` with the whole job.

    The stream ends after that. Each event tells the state as it is, so that a client that comes back with
    `Last-Event-ID` misses nothing.
    """
    await found(id, parts)
    runner: JobRunner = parts.jobs
    source = follow(
        id,
        lambda: found(id, parts),
        lambda row: job_event(row, parts),
        runner.news,
        runner.streams,
        last=last_event_id,
        poll=parts.settings.jobs.poll_seconds,
    )
    return runner.streams.respond(source)


@router.get(
    "/{id}/result",
    summary="Give what a job made",
    operation_id="get_job_result",
    responses=problems("unknown_job", "conflict"),
)
async def get_job_result(id: Id, parts: Parts, _caller: Reader) -> JobResult:
    """Its files, under addresses that hold for a while also without a key."""
    row = await found(id, parts)
    if row.result is None:
        raise Problem("conflict", f"the job {row.id} is {row.status}, and only a job that is done has a result")
    return job_result(row, parts)


async def found(id: str, parts: Services) -> JobRow:
    """Return a job.

    Raises:
        Problem: ``unknown_job``.
    """
    try:
        return await run_in_threadpool(parts.storage.jobs.get, id)
    except MissingError:
        raise unknown_job(id) from None


async def listed(
    parts: Services, status: str | None, kind: str | None, limit: int, before: str | None
) -> Page[JobData]:
    """Return a page of jobs."""
    rows = await run_in_threadpool(parts.storage.jobs.list, status=status, limit=limit + 1, before=before, kind=kind)
    items = [job_data(row, parts, whole=False) for row in rows[:limit]]
    return Page[JobData](items=items, next=items[-1].id if len(rows) > limit else None)
