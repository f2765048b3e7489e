"""The description of the API: what FastAPI finds, and every problem that an operation can answer with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from aetherist import __version__
from aetherist.serve.problems import KINDS, MEDIA_TYPE
from aetherist.serve.schemas.common import ProblemData

_REFERENCE = {"$ref": "#/components/schemas/ProblemData"}
_DESCRIPTION = """\
People that a model makes, over HTTP: look at them from anywhere, edit, mix and keep them, and take them away as
pictures, videos and meshes. What goes wrong is told as problem details (RFC 9457) whose `code` is for programs."""


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return ``responses=`` of a route for the problems that are its own; those of every route need no mention."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        kind = KINDS[code]
        known = found.get(kind.status)
        words = f"{known['description']}; `{code}`" if known else f"`{code}`"
        found[kind.status] = {"description": words, "content": {MEDIA_TYPE: {"schema": _REFERENCE}}}
    return found


WORK = ("busy", "deadline", "worker_lost", "model_unavailable", "out_of_memory")
"""What can become of work that the engine is asked for."""

PICTURES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {
            type_: {"schema": {"type": "string", "format": "binary"}}
            for type_ in ("image/png", "image/jpeg", "image/webp")
        },
    },
    304: {"description": "The client has the picture."},
}
"""``responses=`` of a route that answers with a picture."""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="Aetherist", version=__version__, summary="The gateway", description=_DESCRIPTION, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    told = ProblemData.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(told.pop("$defs", {}))
    schemas["ProblemData"] = told
    needed = app.state.services.settings.keys_required
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
            if not needed:
                operation.pop("security", None)
    app.openapi_schema = document
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add the problems that an operation shares with others."""
    responses = operation["responses"]
    codes: list[str] = []
    if path.startswith("/v1/") or path == "/metrics":
        codes += ["unauthenticated", "forbidden", "rate_limited", "storage_unavailable"]
    if path.startswith("/v1/") or "422" in responses:
        codes += ["invalid_request"]  # of a parameter that the address does not know, if of nothing else
    if "requestBody" in operation:
        codes += ["bad_request", "too_large", "unsupported_media_type", "invalid_request"]
    codes += ["internal"]
    _merge(responses, dict.fromkeys(codes))
    operation["responses"] = dict(sorted(responses.items()))


def _merge(responses: dict[str, Any], codes: Iterable[str]) -> None:
    if "application/json" in responses.get("422", {}).get("content", {}):  # FastAPI's own
        responses.pop("422")
    for status, response in problems(*codes).items():
        known = responses.get(str(status))
        if known is None:
            responses[str(status)] = response
        else:
            known.setdefault("content", {}).update(response["content"])
            known["description"] += f"; {response['description']}"
