"""How the server is doing, now and each second."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from aetherist.serve.jobs import JobRunner
from aetherist.serve.openapi import problems
from aetherist.serve.schemas.system import SystemData, system_data
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services
from aetherist.serve.streams import EVENTS, Event, Source, Streams
from aetherist.serve.system import snapshot

router = APIRouter(prefix="/v1/system", tags=["system"])

EVERY = 1.0
"""Seconds between two events."""

Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]


@router.get("", summary="Say how the server is doing", operation_id="get_system")
async def get_system(parts: Parts, _caller: Reader) -> SystemData:
    """Queue, workers, latencies, memory, jobs and problems."""
    return system_data(await run_in_threadpool(snapshot, parts))


@router.get(
    "/events",
    summary="Follow how the server is doing",
    operation_id="follow_system",
    response_class=Response,
    responses=EVENTS | problems("busy", "shutting_down"),
)
async def follow_system(parts: Parts, _caller: Reader) -> Response:
    """Server-sent events: `system` each second, with what `/v1/system` says."""
    runner: JobRunner = parts.jobs
    return runner.streams.respond(_follow(parts, runner.streams))


async def _follow(parts: Services, streams: Streams) -> Source:
    while True:
        facts = await run_in_threadpool(snapshot, parts)
        yield Event("system", system_data(facts).model_dump(mode="json"))
        await streams.pause(EVERY)
