"""Avatars that are kept: made, looked at, edited, mixed, renamed and taken away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aetherist.serve.attending import attended
from aetherist.serve.avatars import AVATAR_TYPE, avatar_data, make_avatar
from aetherist.serve.engine import Person
from aetherist.serve.openapi import PICTURES, WORK, problems
from aetherist.serve.people import avatar_row, fits, model_name, person_of, picture_of, unknown_avatar
from aetherist.serve.pictures import KEPT, answer, drawn, has, tag_of
from aetherist.serve.routes.convertors import AVATAR, or_nothing
from aetherist.serve.schemas.avatars import (
    AvatarBody,
    AvatarData,
    AvatarId,
    EditBody,
    MixBody,
    RenameBody,
    RenderBody,
)
from aetherist.serve.schemas.common import Limit, Name, Page
from aetherist.serve.schemas.people import CameraSpec, Fov, MixedPerson, Pitch, Radius, SavedPerson, Yaw
from aetherist.serve.schemas.pictures import Format, Look, ModelName, Output, Side
from aetherist.serve.security import Caller, require
from aetherist.serve.security.headers import disposition
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])

Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]
Maker = Annotated[Caller, Depends(require("generate"))]
Id = Annotated[AvatarId, or_nothing(unknown_avatar), Path()]

_MADE = ("unknown_model", "unknown_avatar", "conflict", "damaged_artifact", "storage_full", *WORK)
_SEEN = ("unknown_avatar", "conflict", "too_large", "damaged_artifact", *WORK)

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, which `aetherist.load(model).open` reads.",
        "content": {AVATAR_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The client has it."},
}

_NEW: dict[str, Any] = {
    "seed": {"summary": "The person of a seed", "value": {"person": {"seed": 7, "psi": 0.7}, "name": "Ada"}},
    "mix": {"summary": "Between two seeds", "value": {"person": {"mix": [{"seed": 1}, {"seed": 2}], "amount": 0.5}}},
}


@router.post("", status_code=201, summary="Keep an avatar", operation_id="create_avatar", responses=problems(*_MADE))
async def create_avatar(
    request: Request,
    response: Response,
    body: Annotated[AvatarBody, Body(openapi_examples=_NEW)],
    parts: Parts,
    caller: Maker,
) -> AvatarData:
    """Make the person that is meant and keep it, under an id that every other request takes."""
    model = model_name(body.model, parts)
    person = await person_of(body.person, parts, model)
    made = await attended(request, make_avatar(model, person, body.name, parts, caller))
    response.headers["Location"] = made.links.self
    return made


@router.get("", summary="List the avatars", operation_id="list_avatars")
async def list_avatars(
    parts: Parts,
    _caller: Reader,
    model: Annotated[ModelName | None, Query(description="Of one model alone.")] = None,
    limit: Annotated[Limit, Query()] = 50,
    before: Annotated[AvatarId | None, Query(description="`next` of the page before.")] = None,
) -> Page[AvatarData]:
    """The newest first."""
    rows = await run_in_threadpool(parts.storage.avatars.list, model, limit + 1, before)
    more = rows[limit - 1].id if len(rows) > limit else None
    return Page(items=[avatar_data(row) for row in rows[:limit]], next=more)


@router.post(
    "/mix",
    status_code=201,
    summary="Keep someone between two avatars",
    operation_id="mix_avatars",
    responses=problems(*_MADE),
)
async def mix_avatars(request: Request, response: Response, body: MixBody, parts: Parts, caller: Maker) -> AvatarData:
    """Both of one model. Without `layers` the edits are mixed as well."""
    first, second = (SavedPerson(id=id_, attributes={}) for id_ in body.between)
    row = await run_in_threadpool(avatar_row, first.id, parts)
    mixed = MixedPerson(mix=[first, second], amount=body.amount, layers=body.layers, space=body.space, attributes={})
    person = await person_of(mixed, parts, row.model)
    made = await attended(request, make_avatar(row.model, person, body.name, parts, caller))
    response.headers["Location"] = made.links.self
    return made


@router.post(
    "/file",
    status_code=201,
    summary="Keep an avatar from its file",
    operation_id="upload_avatar",
    responses=problems("bad_request", "unsupported_media_type", "too_large", *_MADE),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                AVATAR_TYPE: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def upload_avatar(
    request: Request,
    response: Response,
    parts: Parts,
    caller: Maker,
    model: Annotated[ModelName | None, Query(description="The default one if none is named.")] = None,
    name: Annotated[Name | None, Query()] = None,
) -> AvatarData:
    """What `GET /v1/avatars/{id}/file` or `Avatar.save` gave, of the same model. Nothing in it is ever run."""
    chosen = model_name(model, parts)
    person = Person(file=await request.body())
    made = await attended(request, make_avatar(chosen, person, name, parts, caller))
    response.headers["Location"] = made.links.self
    return made


@router.get(f"/{AVATAR}", summary="Describe an avatar", operation_id="get_avatar", responses=problems("unknown_avatar"))
async def get_avatar(id: Id, parts: Parts, _caller: Reader) -> AvatarData:
    """What is known of it, and where the rest is."""
    return avatar_data(await run_in_threadpool(avatar_row, id, parts))


@router.patch(
    f"/{AVATAR}", summary="Rename an avatar", operation_id="rename_avatar", responses=problems("unknown_avatar")
)
async def rename_avatar(id: Id, body: RenameBody, parts: Parts, _caller: Maker) -> AvatarData:
    """Nothing else of an avatar changes: an edit is another avatar."""
    await run_in_threadpool(avatar_row, id, parts)
    return avatar_data(await run_in_threadpool(parts.storage.avatars.rename, id, body.name))


@router.delete(
    f"/{AVATAR}",
    status_code=204,
    summary="Remove an avatar",
    operation_id="delete_avatar",
    responses=problems("unknown_avatar"),
)
async def delete_avatar(id: Id, parts: Parts, _caller: Maker) -> Response:
    """Its file goes with the next collection of what nobody refers to."""
    await run_in_threadpool(avatar_row, id, parts)
    await run_in_threadpool(parts.storage.avatars.delete, id)
    return Response(status_code=204)


@router.post(
    f"/{AVATAR}/edit",
    status_code=201,
    summary="Keep an avatar with other strengths",
    operation_id="edit_avatar",
    responses=problems(*_MADE),
)
async def edit_avatar(
    request: Request, response: Response, id: Id, body: EditBody, parts: Parts, caller: Maker
) -> AvatarData:
    """Strengths replace those there were, and 0 takes one away; the answer is a new avatar."""
    row = await run_in_threadpool(avatar_row, id, parts)
    person = await person_of(SavedPerson(id=id, attributes=body.attributes), parts, row.model)
    name = body.name if "name" in body.model_fields_set else row.name
    made = await attended(request, make_avatar(row.model, person, name, parts, caller, body.beyond))
    response.headers["Location"] = made.links.self
    return made


@router.get(
    f"/{AVATAR}/picture.{{format}}",
    summary="Show an avatar",
    operation_id="get_avatar_picture",
    response_class=Response,
    responses=PICTURES | problems(*_SEEN),
)
async def avatar_picture(
    request: Request,
    parts: Parts,
    caller: Maker,
    id: Id,
    format: Format,
    yaw: Annotated[Yaw, Query()] = 0.0,
    pitch: Annotated[Pitch, Query()] = 0.0,
    radius: Annotated[Radius | None, Query()] = None,
    fov: Annotated[Fov | None, Query()] = None,
    size: Annotated[Side | None, Query()] = None,
    output: Output = "image",
) -> Response:
    """The same address gives the same picture, so a browser may keep it."""
    fits(size, parts)
    row = await run_in_threadpool(avatar_row, id, parts)
    tag = tag_of(row.model_digest, row.digest, format, yaw, pitch, radius, fov, size, output)
    headers = {"ETag": tag, "Cache-Control": KEPT}
    if has(request, tag):
        return Response(status_code=304, headers=headers)
    camera = CameraSpec(yaw=yaw, pitch=pitch, radius=radius, fov=fov)
    look = Look(output=output, size=size, format=format, quality=None if format == "png" else 90)
    person = await person_of(SavedPerson(id=id, attributes={}), parts, row.model)
    work = picture_of(row.model, person, camera, look, parts)
    return answer(await attended(request, drawn(work, parts, caller, "picture")), headers)


@router.post(
    f"/{AVATAR}/render",
    summary="Show an avatar from any camera",
    operation_id="render_avatar",
    response_class=Response,
    responses=PICTURES | problems(*_SEEN),
)
async def render_avatar(request: Request, id: Id, body: RenderBody, parts: Parts, caller: Maker) -> Response:
    """As the picture, for cameras that no address can say."""
    row = await run_in_threadpool(avatar_row, id, parts)
    person = await person_of(SavedPerson(id=id, attributes={}), parts, row.model)
    work = picture_of(row.model, person, body.camera, body, parts)
    return answer(await attended(request, drawn(work, parts, caller, "picture")))


@router.get(
    f"/{AVATAR}/file",
    summary="Fetch an avatar's file",
    operation_id="get_avatar_file",
    response_class=Response,
    responses=_FILE | problems("unknown_avatar", "damaged_artifact"),
)
async def avatar_file(request: Request, id: Id, parts: Parts, _caller: Reader) -> Response:
    """A safetensors file of some kilobytes."""
    row = await run_in_threadpool(avatar_row, id, parts)
    headers = {
        "ETag": f'"{row.artifact}"',
        "Cache-Control": "private, max-age=86400",
        "Content-Disposition": disposition(f"{row.name or row.id}.avatar"),
    }
    if has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    data = await run_in_threadpool(parts.storage.artifacts.read, row.artifact)
    return Response(data, headers=headers, media_type=AVATAR_TYPE)
