"""From what was raised to what a client is told."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from aetherist.serve.problems import KINDS, Problem

_BY_STATUS = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}


def problem_of(error: Exception) -> Problem:
    """Return what a client is told of an error: its own problem, or ``internal`` without a word about the cause."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _refused(error)
    return Problem("internal", "the server made a mistake; its log says more under the request's id")


def _invalid(error: RequestValidationError) -> Problem:
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return Problem("bad_request", "the body is no JSON")
    faults = [_fault(fault) for fault in error.errors()]
    first = faults[0]
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return Problem("invalid_request", f"{first['in']}{first['pointer']}: {first['detail']}{more}", errors=faults)


def _fault(fault: Any) -> dict[str, str]:
    where, *path = fault["loc"] or ("body",)
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return {"in": str(where), "pointer": pointer, "detail": str(fault["msg"])}


def _refused(error: HTTPException) -> Problem:
    code = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad_request")
    return Problem(code, KINDS[code].title, status=error.status_code, headers=error.headers)
