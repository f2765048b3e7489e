"""What the engine says of its models, asked once each."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from aetherist.serve.engine import Describe, EngineError
from aetherist.serve.security import Caller
from aetherist.serve.services import Services

PROMPTLY = 2.0
"""Seconds that a model may take to describe itself to whoever can do without."""


async def described(model: str, services: Services, caller: Caller, deadline: float | None = None) -> dict[str, Any]:
    """Return what is to know of a model that there is."""
    known = services.models.get(model)
    if known is None:
        known = await services.engine.submit(Describe(model), client=caller.client, deadline=deadline)
        known["name"] = model
        known["default"] = model == services.settings.models.default
        services.models[model] = known
        source = services.settings.models.sources[model]
        await run_in_threadpool(services.storage.models.seen, model, known["digest"], source)
    return known


async def described_at_once(model: str, services: Services, caller: Caller) -> dict[str, Any] | None:
    """Return what is to know of a model if that can be said now; ``None`` while it is loaded, or if it was refused."""
    if model not in services.models and not services.engine.ready():
        return None
    try:
        return await described(model, services, caller, PROMPTLY)
    except EngineError:
        return None


async def all_described(services: Services, caller: Caller) -> list[dict[str, Any]]:
    """Return what is to know of every model that can be loaded.

    Raises:
        EngineError: If none can.
    """
    found, wrong = [], None
    for name in services.settings.models.sources:
        try:
            found.append(await described(name, services, caller))
        except EngineError as error:
            services.log.warning("a model cannot be described", model=name, error=str(error))
            wrong = error
    if not found and wrong is not None:
        raise wrong
    return found
