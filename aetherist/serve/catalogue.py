"""What the engine says of its models, asked once each."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from aetherist.serve.engine import Describe, EngineError
from aetherist.serve.security import Caller
from aetherist.serve.services import Services


async def described(model: str, services: Services, caller: Caller) -> dict[str, Any]:
    """Return what is to know of a model that there is."""
    known = services.models.get(model)
    if known is None:
        known = await services.engine.submit(Describe(model), client=caller.client)
        known["name"] = model
        known["default"] = model == services.settings.models.default
        services.models[model] = known
        source = services.settings.models.sources[model]
        await run_in_threadpool(services.storage.models.seen, model, known["digest"], source)
    return known


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
