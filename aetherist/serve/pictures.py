"""Pictures from the engine to a client."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from aetherist.serve.engine import Encoded, Picture
from aetherist.serve.security import Caller
from aetherist.serve.services import Services

KEPT = "private, max-age=300"
"""Cache-Control of pictures that an address determines for as long as the model is the same."""

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@contextlib.contextmanager
def counted(services: Services, caller: Caller, model: str, operation: str, pictures: int = 1) -> Iterator[None]:
    """Count what happens inside for the analytics, and whether it fails; what a client gives up counts for nothing."""
    began = time.perf_counter()
    try:
        yield
    except Exception:
        services.usage.add(model, caller.key_id, operation, seconds=time.perf_counter() - began, failed=True)
        raise
    services.usage.add(model, caller.key_id, operation, pictures, time.perf_counter() - began)


async def drawn(work: Picture, services: Services, caller: Caller, operation: str) -> Encoded:
    """Return a picture; it is counted, and its stages are by the engine."""
    with counted(services, caller, work.model, operation):
        picture: Encoded = await services.engine.submit(work, client=caller.client)
    return picture


async def drawn_all(works: Sequence[Picture], services: Services, caller: Caller, operation: str) -> list[Encoded]:
    """Return several pictures of a model, in order."""
    with counted(services, caller, works[0].model, operation, len(works)):
        pictures: list[Encoded] = await services.engine.submit_many(works, client=caller.client)
    return pictures


def answer(picture: Encoded, headers: Mapping[str, str] | None = None) -> Response:
    """Return a picture as an answer."""
    return Response(picture.data, media_type=picture.media_type, headers=dict(headers or {}))


def tag_of(*facts: Any) -> str:
    """Return an ETag for what the facts determine."""
    return f'"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"'


def has(request: Request, tag: str) -> bool:
    """Return whether a client has what it asks for already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))
