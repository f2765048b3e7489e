"""What those who look after a server ask it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from aetherist.serve.openapi import problems
from aetherist.serve.problems import KINDS, Problem
from aetherist.serve.schemas.common import Answer
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services
from aetherist.telemetry.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"])


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Answer):
    """Whether the server can work, and what keeps it from that."""

    ready: bool
    reasons: list[str] = Field(examples=[["the worker of cpu is starting"]])


class ProblemKind(Answer):
    """A kind of problem."""

    code: str
    title: str
    status: int


@router.get("/healthz", summary="Say that the process lives", operation_id="healthz")
async def healthz() -> Alive:
    """Asks nothing else: a server that waits for its database is alive."""
    return Alive()


@router.get(
    "/readyz",
    summary="Say whether the server can work",
    operation_id="readyz",
    responses={503: {"model": Ready, "description": "Not now; the reasons say why."}},
)
async def readyz(parts: Annotated[Services, Depends(services)]) -> Response:
    """The database, the artifact store and the workers answer, and a worker has the default model."""
    reasons = []
    if parts.draining:
        reasons.append("the server is shutting down")
    if (wrong := await run_in_threadpool(parts.storage.healthy)) is not None:
        parts.log.warning("storage is not healthy", reason=wrong)
        reasons.append("the database or the artifact store does not answer; the log says more")
    if (idle := parts.engine.unready()) is not None:
        reasons.append(idle)
    return JSONResponse(Ready(ready=not reasons, reasons=reasons).model_dump(), 503 if reasons else 200)


@router.get(
    "/metrics",
    summary="Give the counts, for Prometheus",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(
    parts: Annotated[Services, Depends(services)], _caller: Annotated[Caller, Depends(require("read"))]
) -> Response:
    """Text in the format of Prometheus; needs a key with ``read`` where keys are needed."""
    if not parts.settings.telemetry.metrics:
        raise Problem("not_found", "metrics are off: telemetry.metrics")
    return Response(parts.metrics.render(), media_type=CONTENT_TYPE)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Describe the API, for programs."""
    return JSONResponse(request.app.openapi())


@router.get(
    "/problems/{code}",
    summary="Say what a kind of problem is",
    operation_id="get_problem",
    responses=problems("not_found"),
)
async def problem(code: str) -> ProblemKind:
    """What the ``type`` of a problem leads to."""
    kind = KINDS.get(code)
    if kind is None:
        raise Problem("not_found", "there is no such kind of problem")
    return ProblemKind(code=code, title=kind.title, status=kind.status)
