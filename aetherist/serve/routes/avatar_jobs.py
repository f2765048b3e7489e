"""Videos and meshes of avatars that are kept: jobs under another name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response
from starlette.concurrency import run_in_threadpool

from aetherist.serve.jobs.requests import MeshBody, MeshJob, VideoBody, VideoJob
from aetherist.serve.jobs.showing import job_data
from aetherist.serve.jobs.submitting import submit
from aetherist.serve.people import avatar_row, unknown_avatar
from aetherist.serve.routes.convertors import AVATAR, or_nothing
from aetherist.serve.routes.jobs import ACCEPTED, REFUSALS, IdempotencyKey
from aetherist.serve.schemas.avatars import AvatarId
from aetherist.serve.schemas.jobs import JobData
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])

Parts = Annotated[Services, Depends(services)]
Maker = Annotated[Caller, Depends(require("generate"))]
Id = Annotated[AvatarId, or_nothing(unknown_avatar), Path()]

_FILM: dict[str, Any] = {"orbit": {"summary": "Two seconds", "value": {"frames": 60, "format": "webm"}}}
_MESH: dict[str, Any] = {"glb": {"summary": "For viewers of models", "value": {"format": "glb", "faces": 20000}}}


@router.post(
    f"/{AVATAR}/video",
    summary="Ask for a video of an avatar",
    operation_id="film_avatar",
    status_code=202,
    responses=ACCEPTED | REFUSALS,
)
async def film(
    response: Response,
    id: Id,
    body: Annotated[VideoBody, Body(openapi_examples=_FILM)],
    parts: Parts,
    caller: Maker,
    idempotency_key: IdempotencyKey = None,
) -> JobData:
    """A job of the kind `video`, before a moving camera."""
    row = await run_in_threadpool(avatar_row, id, parts)
    job = VideoJob.model_validate({**_given(body), "kind": "video", "model": row.model, "people": [{"id": id}]})
    return await _asked(job, response, parts, caller, idempotency_key)


@router.post(
    f"/{AVATAR}/mesh",
    summary="Ask for the mesh of an avatar",
    operation_id="mesh_avatar",
    status_code=202,
    responses=ACCEPTED | REFUSALS,
)
async def mesh(
    response: Response,
    id: Id,
    body: Annotated[MeshBody, Body(openapi_examples=_MESH)],
    parts: Parts,
    caller: Maker,
    idempotency_key: IdempotencyKey = None,
) -> JobData:
    """A job of the kind `mesh`; a model without density makes none."""
    row = await run_in_threadpool(avatar_row, id, parts)
    job = MeshJob.model_validate({**_given(body), "kind": "mesh", "model": row.model, "person": {"id": id}})
    return await _asked(job, response, parts, caller, idempotency_key)


def _given(body: VideoBody | MeshBody) -> dict[str, object]:
    return body.model_dump(exclude_unset=True)


async def _asked(
    job: VideoJob | MeshJob, response: Response, parts: Services, caller: Caller, idempotency_key: str | None
) -> JobData:
    made = await submit(job, parts, caller, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{made.id}"
    return job_data(made, parts)
