"""Avatars from the engine to the storage, and as answers tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from starlette.concurrency import run_in_threadpool

from aetherist.serve.catalogue import described
from aetherist.serve.engine import Made, MakeAvatar, Person
from aetherist.serve.pictures import counted
from aetherist.serve.schemas.avatars import AvatarData, AvatarLinks
from aetherist.serve.security import Caller
from aetherist.serve.services import Services

if TYPE_CHECKING:
    from aetherist.storage import AvatarRow

AVATAR_TYPE = "application/vnd.safetensors"
"""Media type of an avatar's file."""


async def make_avatar(
    model: str,
    person: Person,
    name: str | None,
    services: Services,
    caller: Caller,
    beyond: Literal["warn", "error", "allow"] = "warn",
) -> AvatarData:
    """Make a person and keep it."""
    digest = (await described(model, services, caller))["digest"]
    with counted(services, caller, model, "avatar", pictures=0):
        made: Made = await services.engine.submit(MakeAvatar(model, person, beyond), client=caller.client)
        row = await run_in_threadpool(_keep, made, model, digest, name, services, caller)
    return avatar_data(row, made.warnings)


def _keep(made: Made, model: str, model_digest: str, name: str | None, services: Services, caller: Caller) -> AvatarRow:
    artifact = services.storage.artifacts.put(made.file, AVATAR_TYPE)
    return services.storage.avatars.create(
        model,
        model_digest,
        made.digest,
        artifact.digest,
        seed=made.seed,
        psi=made.psi,
        attributes=made.attributes,
        name=name,
        key_id=caller.key_id,
    )


def avatar_data(row: AvatarRow, warnings: list[str] | None = None) -> AvatarData:
    """Return what is told of an avatar."""
    here = f"/v1/avatars/{row.id}"
    return AvatarData(
        id=row.id,
        model=row.model,
        model_digest=row.model_digest,
        digest=row.digest,
        seed=row.seed,
        psi=row.psi,
        attributes=row.attributes,
        name=row.name,
        created_at=row.created_at,
        links=AvatarLinks(self=here, picture=f"{here}/picture.webp", file=f"{here}/file"),
        warnings=warnings or [],
    )
