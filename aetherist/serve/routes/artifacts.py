"""Artifacts: whole or in parts, with a key or under a signed name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import StreamingResponse

from aetherist.serve.openapi import problems
from aetherist.serve.pictures import has
from aetherist.serve.problems import Problem
from aetherist.serve.ranges import wanted
from aetherist.serve.routes.convertors import or_nothing
from aetherist.serve.schemas.common import Answer, Body, Name
from aetherist.serve.security import Caller, require
from aetherist.serve.security.headers import disposition
from aetherist.serve.services import Services, services
from aetherist.storage import MissingArtifact

router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])

Parts = Annotated[Services, Depends(services)]
Digest = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$"),
    or_nothing(MissingArtifact),
    Path(description="SHA-256 of the bytes.", examples=["0" * 64]),
]

_FOREVER = "private, max-age=31536000, immutable"
_SHOWN = ("image/png", "image/jpeg", "image/webp", "video/mp4", "video/webm")
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All of it.", "content": _BYTES},
    206: {"description": "The range that was asked for.", "content": _BYTES},
    304: {"description": "The client has it."},
}


class SignBody(Body):
    """What a signed name is for."""

    name: Name | None = Field(None, description="To save it under.", examples=["head.glb"])
    seconds: float | None = Field(None, gt=0, le=7 * 86400, description="For how long; at most as the server allows.")


class Signed(Answer):
    """A name that holds for a while."""

    url: str


async def artifact(
    request: Request,
    parts: Parts,
    digest: Digest,
    name: Annotated[str | None, Query(max_length=120, description="To save it under.")] = None,
    expires: Annotated[int | None, Query(ge=0, lt=2**40, description="Of a signed name.")] = None,
    signature: Annotated[str | None, Query(max_length=64, description="Of a signed name.")] = None,
) -> Response:
    """Needs a key with `read`, or the signed name that another answer gave; takes `Range` and `If-None-Match`."""
    _admit(request, parts, digest, name, expires, signature)
    found = await run_in_threadpool(parts.storage.artifacts.info, digest)
    title = name or found.name or digest[:16]
    headers = {
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": _FOREVER,
        "Content-Disposition": disposition(title, attachment=found.media_type not in _SHOWN),
    }
    if has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    fresh = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    part = wanted(request.headers.get("range"), found.size) if fresh and request.method == "GET" else None
    start, end = part or (0, found.size)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    if request.method == "HEAD":
        return Response(headers=headers, media_type=found.media_type)
    chunks = await run_in_threadpool(parts.storage.artifacts.open, digest, start, end)
    return StreamingResponse(
        iterate_in_threadpool(chunks), 200 if part is None else 206, headers, media_type=found.media_type
    )


_PROBLEMS = problems("unauthenticated", "forbidden", "unknown_artifact", "range_not_satisfiable", "damaged_artifact")
router.add_api_route(
    "/{digest}",
    artifact,
    methods=["GET"],
    summary="Fetch an artifact",
    operation_id="get_artifact",
    response_class=Response,
    responses={**_ANSWERS, **_PROBLEMS},
    dependencies=[Depends(require(None))],
)
router.add_api_route(
    "/{digest}",
    artifact,
    methods=["HEAD"],
    summary="Say how large an artifact is",
    operation_id="head_artifact",
    response_class=Response,
    responses={200: {"description": "It is there; the headers say more."}, 304: _ANSWERS[304], **_PROBLEMS},
    dependencies=[Depends(require(None))],
)


@router.post(
    "/{digest}/sign",
    summary="Make a name of an artifact that needs no key",
    operation_id="sign_artifact",
    responses=problems("unknown_artifact"),
)
async def sign(
    digest: Digest, body: SignBody, parts: Parts, _caller: Annotated[Caller, Depends(require("read"))]
) -> Signed:
    """For whom it is given to: it holds for a while, for this artifact and this name."""
    await run_in_threadpool(parts.storage.artifacts.info, digest)
    longest = parts.settings.security.signing_seconds
    return Signed(url=parts.signer.url(digest, body.name, min(body.seconds or longest, longest)))


def _admit(
    request: Request, parts: Services, digest: str, name: str | None, expires: int | None, signature: str | None
) -> None:
    caller: Caller = request.state.caller
    if caller.may("read"):
        return
    if signature is None or expires is None:
        caller.needs("read")
    elif not parts.signer.holds(digest, name, expires, signature):
        raise Problem("forbidden", "the signed name is not one of this server, or it has expired")
