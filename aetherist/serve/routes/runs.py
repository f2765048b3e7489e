"""Training runs: how far they are, their curves and their pictures, live."""

from __future__ import annotations

from typing import Annotated, Any

import attrs
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from aetherist.serve.jobs import JobRunner
from aetherist.serve.openapi import problems
from aetherist.serve.problems import Problem
from aetherist.serve.runs import Run, Runs, UnknownRun
from aetherist.serve.schemas.runs import RunData, RunGrid, RunGrids, RunList, RunRecords, RunSummary
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services
from aetherist.serve.streams import EVENTS, Event, Source, Streams

router = APIRouter(prefix="/v1/runs", tags=["runs"])

LOOK_EVERY = 1.0
"""Seconds between two looks at a run that is followed."""

Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]
# Held to no form: they are compared with what is there, and what is not there is not found.
RunName = Annotated[str, Path(description="As `GET /v1/runs` lists it.", examples=["00003-portrait"])]
GridFile = Annotated[str, Path(description="As the run's `/grids` lists it.", examples=["image-000002000.png"])]
Since = Annotated[int, Query(ge=0, lt=2**53, description="`next` of the records before; 0 is the beginning.")]


_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The grid.", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("", summary="List training runs", operation_id="list_runs")
async def list_runs(parts: Parts, _caller: Reader) -> RunList:
    """The runs in the folder `runs.folder`; none where there is no such folder."""
    found = await run_in_threadpool(lambda: [run.summary() for run in _runs(parts).list()])
    return RunList(items=[RunSummary(**facts) for facts in found])


@router.get("/{name}", summary="Say how a run is", operation_id="get_run", responses=problems("not_found"))
async def get_run(name: RunName, parts: Parts, _caller: Reader) -> RunData:
    """With the recipe that it trains by."""
    run = await _run(name, parts)
    return RunData(**await run_in_threadpool(run.summary), text=await run_in_threadpool(run.recipe))


@router.get(
    "/{name}/stats", summary="Give a run's records", operation_id="get_run_stats", responses=problems("not_found")
)
async def get_run_stats(name: RunName, parts: Parts, _caller: Reader, since: Since = 0) -> RunRecords:
    """Those after `since`, as many as fit one answer."""
    run = await _run(name, parts)
    return RunRecords(**attrs.asdict(await run_in_threadpool(run.records, since)))


@router.get(
    "/{name}/grids", summary="List a run's pictures", operation_id="list_run_grids", responses=problems("not_found")
)
async def list_run_grids(name: RunName, parts: Parts, _caller: Reader) -> RunGrids:
    """Grids of pictures at the same draws and cameras each time."""
    run = await _run(name, parts)
    return RunGrids(items=[RunGrid(**attrs.asdict(grid)) for grid in await run_in_threadpool(run.grids)])


@router.get(
    "/{name}/grids/{file}",
    summary="Show a run's pictures",
    operation_id="get_run_grid",
    response_class=FileResponse,
    responses=_PICTURE | problems("not_found"),
)
async def get_run_grid(name: RunName, file: GridFile, parts: Parts, _caller: Reader) -> FileResponse:
    """A PNG."""
    run = await _run(name, parts)
    try:
        path = await run_in_threadpool(run.grid, file)
    except UnknownRun as error:
        raise Problem("not_found", str(error)) from None
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@router.get(
    "/{name}/events",
    summary="Follow a run",
    operation_id="follow_run",
    response_class=Response,
    responses=EVENTS | problems("not_found", "busy", "shutting_down"),
)
async def follow_run(
    name: RunName,
    parts: Parts,
    _caller: Reader,
    since: Since = 0,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)] = None,
) -> Response:
    """Server-sent events: `records` as `/stats` gives them, `grids` (all, then new ones) and `status`."""
    run = await _run(name, parts)
    runner: JobRunner = parts.jobs
    start = int(last_event_id) if last_event_id is not None and last_event_id.isdecimal() else since
    return runner.streams.respond(_follow(run, start, runner.streams))


async def _follow(run: Run, since: int, streams: Streams) -> Source:
    grids: set[str] = set()
    status: dict[str, Any] = {}
    while True:
        page = await run_in_threadpool(run.records, since)
        if page.records or page.restarted:
            yield Event("records", attrs.asdict(page), str(page.next))
        since = page.next
        if page.more:
            continue
        there = await run_in_threadpool(run.grids)
        fresh = [attrs.asdict(grid) for grid in there if grid.file not in grids]
        if fresh:
            grids |= {grid["file"] for grid in fresh}
            yield Event("grids", {"items": fresh})
        now = await run_in_threadpool(run.summary)
        if (brief := {key: now[key] for key in ("status", "images", "length", "grids", "models")}) != status:
            status = brief
            yield Event("status", RunSummary(**now).model_dump(mode="json"))
        else:
            yield None
        await streams.pause(LOOK_EVERY)


def _runs(parts: Services) -> Runs:
    return Runs(parts.settings.runs.folder)


async def _run(name: str, parts: Services) -> Run:
    try:
        return await run_in_threadpool(_runs(parts).get, name)
    except UnknownRun as error:
        raise Problem("not_found", str(error)) from None
