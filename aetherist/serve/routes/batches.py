"""Batches: jobs of the kind ``batch``, under an address of their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from aetherist.serve.jobs.requests import BatchBody, BatchJob
from aetherist.serve.jobs.showing import job_data
from aetherist.serve.jobs.submitting import submit
from aetherist.serve.routes.jobs import ACCEPTED, REFUSALS, IdempotencyKey, Maker, Parts, Reader, listed
from aetherist.serve.schemas.common import Limit, Page
from aetherist.serve.schemas.jobs import JobData, JobId, Status

router = APIRouter(prefix="/v1/batches", tags=["jobs"])

_EXAMPLES: dict[str, Any] = {
    "views": {
        "summary": "A hundred people from both sides",
        "value": {"seeds": "0-99", "cameras": [{"yaw": -0.4}, {"yaw": 0.4}], "format": "webp", "size": 256},
    },
    "edited": {"summary": "The same people, older", "value": {"seeds": "0-9", "attributes": {"age": 1.0}}},
}


@router.post(
    "",
    summary="Ask for a batch",
    operation_id="create_batch",
    status_code=202,
    responses=ACCEPTED | REFUSALS,
)
async def create_batch(
    body: Annotated[BatchBody, Body(openapi_examples=_EXAMPLES)],
    response: Response,
    parts: Parts,
    caller: Maker,
    idempotency_key: IdempotencyKey = None,
) -> JobData:
    """Pictures of very many people. A batch that is interrupted goes on where it was, and makes nothing twice."""
    asked = BatchJob.model_validate({**body.model_dump(exclude_unset=True), "kind": "batch"})
    row = await submit(asked, parts, caller, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{row.id}"
    return job_data(row, parts)


@router.get("", summary="List batches", operation_id="list_batches")
async def list_batches(
    parts: Parts,
    _caller: Reader,
    status: Status | None = None,
    limit: Annotated[Limit, Query()] = 50,
    before: Annotated[JobId | None, Query(description="`next` of the page before.")] = None,
) -> Page[JobData]:
    """The newest first, without their results."""
    return await listed(parts, status, "batch", limit, before)
