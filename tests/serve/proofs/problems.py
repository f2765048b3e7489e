"""What a refusal or a failure has to look like, wherever it comes from."""

from __future__ import annotations

import re
from typing import Any

import httpx2

from aetherist.serve.problems import KINDS

INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|/home|/tmp|/usr|/var|site-packages|sqlite|SELECT |INSERT ", re.IGNORECASE
)


def is_problem(answer: httpx2.Response, code: str) -> dict[str, Any]:
    """Hold an answer to be a problem of a kind, whole and without internals; return it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert told["code"] == code, answer.text
    assert told["status"] == answer.status_code == KINDS[code].status
    assert told["type"] == f"/problems/{code}"
    assert told["title"] == KINDS[code].title
    assert told["request_id"] == answer.headers["x-request-id"]
    assert not INTERNALS.search(told["detail"]), told["detail"]
    return told
