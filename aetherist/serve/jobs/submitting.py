"""Taking jobs in: what can be refused is refused before a job is promised."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from aetherist.serve.catalogue import described_at_once
from aetherist.serve.failures import invalid
from aetherist.serve.jobs.naming import unknown_names
from aetherist.serve.jobs.requests import BatchBody, GenerateJob, MeshJob, RunJob, VideoJob, written
from aetherist.serve.jobs.shooting import few_enough
from aetherist.serve.people import fits, model_name, people_of, seeds_of
from aetherist.serve.problems import Problem, retry_after
from aetherist.serve.security import Caller
from aetherist.serve.services import Services
from aetherist.storage import JobRow

FULL_FOR = 10.0
"""Seconds after which to come back when too many jobs wait."""


async def submit(body: Any, services: Services, caller: Caller, idempotency_key: str | None = None) -> JobRow:
    """Take a job in; the same request under the same idempotency key is the same job.

    Args:
        body: One of :mod:`aetherist.serve.jobs.requests`.
        services: Of the server.
        caller: Who asks.
        idempotency_key: Chosen by the client for this request and no other.

    Raises:
        Problem: If it cannot be done, or too many jobs wait.
        IdempotencyConflict: If the key came with another request before.
    """
    body = await _checked(body, services)
    await _named(body, services, caller)
    return await run_in_threadpool(_queue, body, services, caller, idempotency_key)


def _queue(body: Any, services: Services, caller: Caller, idempotency_key: str | None) -> JobRow:
    jobs = services.storage.jobs
    most = services.settings.limits.jobs_queued
    if jobs.counts()["queued"] >= most:
        text = f"{most} jobs wait already; come back when some of them are done"
        raise Problem("busy", text, headers=retry_after(FULL_FOR))
    row, new = jobs.create(body.kind, written(body), caller.key_id, idempotency_key)
    if new and services.jobs is not None:
        services.jobs.wake_soon()
    return row


async def _checked(body: Any, services: Services) -> Any:
    """Return a body that names its model, if nothing in it is to be refused."""
    if isinstance(body, RunJob) and body.text is not None:
        _recipe(body.text, services)
        return body
    model = model_name(body.model, services)
    fits(getattr(body, "size", None), services)
    match body:
        case VideoJob():
            await people_of(body.people, services, model)
        case MeshJob():
            await people_of([body.person], services, model)
        case GenerateJob():
            if body.people is not None:
                await people_of(body.people, services, model)
            few_enough(len(body.people or seeds_of(body.seeds or "")) * len(body.cameras))
        case BatchBody():
            few_enough(len(seeds_of(body.seeds)) * len(body.cameras))
    return body.model_copy(update={"model": model})


async def _named(body: Any, services: Services, caller: Caller) -> None:
    """Refuse what names something that the model has not, where the model can say so now."""
    if body.model is None:  # a recipe from outside
        return
    known = await described_at_once(body.model, services, caller)
    faults = [] if known is None else unknown_names(body, known)
    if faults:
        raise invalid(faults)


def _recipe(text: str, services: Services) -> None:
    if not services.settings.security.foreign_recipes:
        raise Problem("forbidden", "this server runs the recipes of its own models only: security.foreign_recipes")
    if len(text.encode()) > services.settings.limits.recipe_bytes:
        raise Problem("too_large", f"a recipe may have {services.settings.limits.recipe_bytes:d} bytes")
