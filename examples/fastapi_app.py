"""Avatars over HTTP, embedded in a FastAPI application.

    pip install fastapi uvicorn
    uvicorn --factory --app-dir examples fastapi_app:app

and then, for instance, http://127.0.0.1:8000/avatars/7.png?yaw=0.3. FastAPI runs each request in a thread of its own;
a model may be used from all of them.
"""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse

import aetherist
from aetherist import Avatar, AvatarModel
from aetherist.export import encode_picture
from aetherist.graphs.generate import to_pixels

Seed = Annotated[int, Path(ge=0, lt=2**32)]
Angle = Annotated[float, Query(ge=-3.2, le=3.2, description="In radians.")]
Psi = Annotated[float, Query(ge=0, le=1, description="Truncation: 0 is the average person.")]


def app() -> FastAPI:
    """Return the application for the model that AETHERIST_MODEL names; `portrait` by default."""
    return create(aetherist.load(os.environ.get("AETHERIST_MODEL", "portrait")))


def create(model: AvatarModel) -> FastAPI:
    """Return an application that shows the avatars of a model."""
    api = FastAPI(title=f"Avatars of {model.name}")

    @api.exception_handler(ValueError)
    def refused(_: Request, error: ValueError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=400)

    @api.get("/model")
    def about() -> dict[str, object]:
        attributes = sorted(model.directions.attributes) if model.directions is not None else []
        return {"name": model.name, "digest": model.digest, "attributes": attributes}

    @api.get("/avatars/{seed}.png")
    def picture(seed: Seed, yaw: Angle = 0.0, pitch: Angle = 0.0, psi: Psi = 0.7) -> Response:
        return shown(model.avatar(seed, psi=psi), yaw, pitch)

    @api.get("/avatars/{seed}.avatar")
    def file(seed: Seed, psi: Psi = 0.7) -> Response:
        return Response(model.avatar(seed, psi=psi).to_bytes(), media_type="application/octet-stream")

    @api.post("/pictures")
    async def picture_of_file(request: Request, yaw: Angle = 0.0, pitch: Angle = 0.0) -> Response:
        from fastapi.concurrency import run_in_threadpool

        data = await request.body()
        return await run_in_threadpool(lambda: shown(model.open(data), yaw, pitch))

    return api


def shown(avatar: Avatar, yaw: float, pitch: float) -> Response:
    """Return a picture as a response that caches may keep: the same address always shows the same."""
    values = avatar.render(yaw, pitch, as_="tensor")
    pixels, _ = to_pixels(values, avatar.model.meaning("image"))
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{avatar.digest[:32]}"'}
    return Response(encode_picture(pixels), media_type="image/png", headers=headers)
