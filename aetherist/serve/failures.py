"""From what was raised to what a client is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from aetherist.serve.engine import EngineError
from aetherist.serve.problems import KINDS, Problem, retry_after
from aetherist.serve.schemas.jobs import Kind
from aetherist.storage.errors import (
    DamagedArtifact,
    IdempotencyConflict,
    LostClaim,
    MissingArtifact,
    MissingError,
    StorageError,
    StorageFull,
    StorageUnavailable,
)

MOST_FAULTS = 50
"""Faults of one request that are told one by one: a body of thousands has no use for all of them."""

_PLACES = ("body", "query", "path", "header", "cookie")

_JOBS = get_args(Kind)
_WORDS = {
    "extra_forbidden": "there is no such field",
    "missing": "this is needed",
    "model_attributes_type": "write an object: {...}",
    "model_type": "write an object: {...}",
    "dict_type": "write an object: {...}",
    "union_tag_not_found": f"this is needed: one of {', '.join(_JOBS)}",
    "union_tag_invalid": f"there is no such kind; there are {', '.join(_JOBS)}",
}
"""What is said where pydantic's words speak of its own insides."""

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
    """Return what a client is told of an error: its own problem, or ``internal`` without a word about the cause.

    What the engine says is written for clients; what the storage says names places, and stays in the log.
    """
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return invalid(error.errors())
        case HTTPException():
            return _refused(error)
        case EngineError():
            return _of_engine(error)
        case StorageError():
            return _of_storage(error)
    return Problem("internal", "the server made a mistake; its log says more under the request's id")


def _of_engine(error: EngineError) -> Problem:
    if type(error) is EngineError or error.code not in KINDS or error.code == "internal":
        return Problem("internal", "the work failed; the server's log says more under the request's id")
    again = getattr(error, "retry_after", None)
    return Problem(
        error.code,
        str(error),
        headers={} if again is None else retry_after(again),
        diagnostics=getattr(error, "diagnostics", ()),
    )


def _of_storage(error: StorageError) -> Problem:
    match error:
        case MissingArtifact():
            return Problem("unknown_artifact", "there is no artifact of this digest, or it was removed")
        case MissingError():
            return Problem("not_found", str(error))
        case DamagedArtifact():
            return Problem("damaged_artifact", "the bytes that were kept are not those that were put; make them again")
        case StorageFull():
            return Problem("storage_full", "there is no room for the result; delete something, or ask for more room")
        case IdempotencyConflict():
            return Problem("conflict", str(error))
        case LostClaim():
            return Problem("conflict", str(error))
        case StorageUnavailable():
            return Problem("storage_unavailable", "the storage does not answer; try again", headers=retry_after(2))
    return Problem("internal", "the storage failed; the server's log says more under the request's id")


def invalid(faults: Sequence[Any]) -> Problem:
    """Return the problem that faults of validation are."""
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Problem("bad_request", "this is no JSON")
    found = [_fault(fault) for fault in faults[:MOST_FAULTS]]
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    first = found[0]
    return Problem("invalid_request", f"{first['in']}{first['pointer']}: {first['detail']}{more}", errors=found)


def _fault(fault: Any) -> dict[str, str]:
    where, *path = fault["loc"] if fault["loc"][:1] and fault["loc"][0] in _PLACES else ("body", *fault["loc"])
    if fault["type"].startswith("union_tag_"):
        path = [*path, "kind"]
    # "<seed>" and the like, and the kind of a job, say which member of a union was tried: they are in no body.
    elif where == "body" and path and path[0] in _JOBS and (len(path) > 1 or fault["type"] != "extra_forbidden"):
        path = path[1:]
    parts = [str(part) for part in path if not str(part).startswith("<")]
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    return {"in": str(where), "pointer": pointer, "detail": _words(fault)}


def _words(fault: Any) -> str:
    return _WORDS.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")


def _refused(error: HTTPException) -> Problem:
    code = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad_request")
    return Problem(code, KINDS[code].title, status=error.status_code, headers=error.headers)
