"""Pictures of people from cameras."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from aetherist.serve.attending import attended
from aetherist.serve.engine import Encoded, Picture
from aetherist.serve.kept import artifact_data
from aetherist.serve.openapi import PICTURES, WORK, problems
from aetherist.serve.people import model_name, people_in, people_of, picture_of
from aetherist.serve.pictures import answer, drawn_all
from aetherist.serve.problems import Problem
from aetherist.serve.schemas.pictures import GenerateBody, Generated
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1", tags=["generate"])

_EXAMPLES: dict[str, Any] = {
    "seeds": {"summary": "Four people", "value": {"seeds": "0-2,7", "size": 256, "format": "webp"}},
    "views": {
        "summary": "One person from both sides",
        "value": {"people": [{"seed": 7, "psi": 0.7}], "cameras": [{"yaw": -0.4}, {"yaw": 0.4}]},
    },
    "mix": {"summary": "Someone in between", "value": {"people": [{"mix": [{"seed": 1}, {"seed": 2}], "amount": 0.3}]}},
}


@router.post(
    "/generate",
    summary="Make pictures of people",
    operation_id="generate",
    response_model=Generated,
    responses=PICTURES
    | problems("unknown_model", "unknown_avatar", "too_large", "conflict", "storage_full", "damaged_artifact", *WORK),
)
async def generate(
    request: Request,
    body: Annotated[GenerateBody, Body(openapi_examples=_EXAMPLES)],
    parts: Annotated[Services, Depends(services)],
    caller: Annotated[Caller, Depends(require("generate"))],
) -> Response:
    """A picture of each person from each camera.

    Where a single one is asked for and `Accept` is `image/*`, the answer is that picture; else each is an artifact,
    which is kept for a while. More than a request may ask for is a job of the kind `generate` or `batch`.
    """
    model = model_name(body.model, parts)
    specs = people_in(body)
    count, most = len(specs) * len(body.cameras), parts.settings.limits.pictures_per_request
    if count > most:
        raise Problem("too_large", f"{count} pictures; a request may ask for {most}, and a job for more: POST /v1/jobs")
    people = await people_of(specs, parts, model)
    works = [picture_of(model, person, camera, body, parts) for person in people for camera in body.cameras]
    pictures = await attended(request, drawn_all(works, parts, caller, "generate"))
    if count == 1 and "image/" in request.headers.get("accept", ""):
        return answer(pictures[0])
    kept = await run_in_threadpool(_keep, pictures, works, parts)
    asked = [(spec, camera) for spec in specs for camera in body.cameras]
    items = [
        {
            "person": spec.model_dump(exclude_none=True),
            "camera": camera.model_dump(exclude_none=True),
            "artifact": artifact,
            "width": picture.width,
            "height": picture.height,
        }
        for (spec, camera), artifact, picture in zip(asked, kept, pictures, strict=True)
    ]
    return JSONResponse({"items": items})


def _keep(pictures: list[Encoded], works: list[Picture], parts: Services) -> list[dict[str, Any]]:
    return [
        artifact_data(parts, parts.storage.artifacts.put(picture.data, picture.media_type, f"{i:04d}.{work.format}"))
        for i, (picture, work) in enumerate(zip(pictures, works, strict=True))
    ]
