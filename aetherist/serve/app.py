"""The application: routes, the layers around them, and what starts and stops with the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from aetherist import __version__
from aetherist.serve.failures import problem_of
from aetherist.serve.openapi import describe
from aetherist.serve.parameters import only_declared
from aetherist.serve.routes import all_routers, methods_at
from aetherist.serve.security.body import BodyCap
from aetherist.serve.security.context import RequestContext
from aetherist.serve.security.gate import Gate
from aetherist.serve.security.signing import Signer
from aetherist.serve.services import Services
from aetherist.serve.usage import UsageMeter
from aetherist.storage.errors import StorageError

if TYPE_CHECKING:
    from aetherist.serve.engine import Engine
    from aetherist.serve.live import LiveConfig
    from aetherist.storage import Storage

USAGE_SECONDS = 5.0
"""How often usage is written."""


def create_app(config: LiveConfig, storage: Storage | None = None, engine: Engine | None = None) -> FastAPI:
    """Return the gateway as an ASGI application.

    What is not given is made from the settings, and closed with the server. The workers and the jobs start and stop
    with the application's lifespan.

    Args:
        config: The settings.
        storage: Where things are kept.
        engine: What computes.

    Raises:
        StorageError: If the database or the artifacts cannot be opened.
    """
    from aetherist.serve.engine import Engine
    from aetherist.storage import Storage
    from aetherist.telemetry import Metrics, get_logger

    settings, metrics = config.current, Metrics()
    mine = storage is None
    if storage is None:
        quota = settings.storage.quota_bytes
        storage = Storage.open(settings.database_url, settings.artifacts_url, quota_bytes=quota, migrate=True)
    log = get_logger("aetherist.serve")
    parts = Services(
        config=config,
        storage=storage,
        engine=engine or Engine(config, metrics),
        metrics=metrics,
        log=log,
        usage=UsageMeter(storage),
        signer=Signer(storage.secret("artifact names")),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if mine:
                stack.push_async_callback(run_in_threadpool, parts.storage.close)
            writing = asyncio.create_task(_write_usage(parts))
            stack.push_async_callback(_flush, parts)
            stack.callback(writing.cancel)
            await parts.engine.start()
            stack.push_async_callback(_stop_engine, parts)
            await _start_jobs(parts)
            stack.push_async_callback(_stop_jobs, parts)
            yield
            parts.draining = True

    app = FastAPI(
        title="Aetherist",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # routes/health.py has it: to make it takes a thread a second
        docs_url=None,  # these pages come from a CDN
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.services = parts
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    for router in all_routers():
        strict = router.prefix.startswith("/v1")  # what is no API, such as the studio's files, lets anything pass
        app.include_router(router, dependencies=[Depends(only_declared)] if strict else None)
    for kind in (RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)
    # The last one added is the first to see a request.
    app.add_middleware(BodyCap, services=parts)
    app.add_middleware(Gate, services=parts)
    app.add_middleware(RequestContext, services=parts)
    if settings.security.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin.rstrip("/") for origin in settings.security.cors_origins],
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["X-Request-ID", "Location", "Retry-After", "ETag"],
        )
    return app


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status == 405:
        problem.headers = {"Allow": ", ".join(methods_at(request.url.path))}
    return problem.response(request.scope)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _write_usage(parts: Services) -> None:
    while True:
        await asyncio.sleep(USAGE_SECONDS)
        await _flush(parts)


async def _flush(parts: Services) -> None:
    try:
        await run_in_threadpool(parts.usage.flush)
    except StorageError as error:
        parts.log.warning("usage could not be written", reason=str(error))


async def _stop_engine(parts: Services) -> None:
    await parts.engine.stop(parts.settings.server.drain_seconds)


async def _start_jobs(parts: Services) -> None:
    from aetherist.serve.jobs import JobRunner

    parts.jobs = JobRunner(parts)
    await parts.jobs.start()


async def _stop_jobs(parts: Services) -> None:
    await parts.jobs.stop(parts.settings.server.drain_seconds)
