"""What goes wrong, told as RFC 9457 problem details, without internals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


@attrs.frozen
class Kind:
    """A kind of problem: its status, and what it is called."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, "The request cannot be read"),
    "unauthenticated": Kind(401, "A key is needed"),
    "forbidden": Kind(403, "Not allowed"),
    "not_found": Kind(404, "There is nothing here"),
    "unknown_model": Kind(404, "There is no such model"),
    "unknown_recipe": Kind(404, "There is no such recipe"),
    "unknown_avatar": Kind(404, "There is no such avatar"),
    "unknown_job": Kind(404, "There is no such job"),
    "unknown_artifact": Kind(404, "There is no such artifact"),
    "method_not_allowed": Kind(405, "The method is not one of this address"),
    "conflict": Kind(409, "The request disagrees with what is there"),
    "too_large": Kind(413, "The request is too large"),
    "unsupported_media_type": Kind(415, "The body is of another type than this address takes"),
    "range_not_satisfiable": Kind(416, "The range is not in the artifact"),
    "misdirected": Kind(421, "The server has another name"),
    "invalid_request": Kind(422, "The request is not valid"),
    "unprocessable_recipe": Kind(422, "The recipe has errors"),
    "too_costly": Kind(422, "The recipe would cost too much"),
    "rate_limited": Kind(429, "Too many requests"),
    "busy": Kind(429, "The server is busy"),
    "internal": Kind(500, "The server made a mistake"),
    "damaged_artifact": Kind(500, "What was kept is damaged"),
    "worker_lost": Kind(503, "The worker was lost"),
    "out_of_memory": Kind(503, "The device ran out of memory"),
    "model_unavailable": Kind(503, "The model is not ready"),
    "storage_unavailable": Kind(503, "The storage does not answer"),
    "shutting_down": Kind(503, "The server is shutting down"),
    "deadline": Kind(504, "It took too long"),
    "storage_full": Kind(507, "The storage is full"),
}


class Problem(Exception):
    """A refusal or a failure that a client is told of.

    Args:
        code: One of :data:`KINDS`.
        detail: What was wrong here and what to do, in a sentence; never an internal.
        status: Another status than the kind's own.
        headers: To answer with.
        errors: Places in the request, ``{"pointer": "/people/0/seed", "detail": "..."}``.
        diagnostics: What a check of a recipe found.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        diagnostics: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.status = KINDS[code].status if status is None else status
        self.headers = dict(headers or {})
        if code == "unauthenticated":
            self.headers.setdefault("WWW-Authenticate", 'Bearer realm="aetherist"')
        self.errors, self.diagnostics = list(errors), list(diagnostics)

    def to_dict(self, *, instance: str | None = None, request_id: str | None = None) -> dict[str, Any]:
        """Return the problem as JSON-ready data."""
        told: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": KINDS[self.code].title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if instance is not None:
            told["instance"] = instance
        if request_id is not None:
            told["request_id"] = request_id
        if self.errors:
            told["errors"] = self.errors
        if self.diagnostics:
            told["diagnostics"] = self.diagnostics
        return told

    def response(self, scope: Mapping[str, Any]) -> JSONResponse:
        """Return the problem as the answer to a request."""
        content = self.to_dict(instance=scope.get("path"), request_id=scope.get("state", {}).get("request_id"))
        return JSONResponse(content, self.status, self.headers, MEDIA_TYPE)


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to come back."""
    return {"Retry-After": str(max(1, round(seconds)))}


def busy(seconds: float, detail: str, code: str = "busy") -> Problem:
    """Return a problem that passes by itself: it says when to come back."""
    return Problem(code, detail, headers=retry_after(seconds))
