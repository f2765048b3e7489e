"""For those who run the server: its settings, what was changed, and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import attrs
from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field, field_validator
from starlette.concurrency import run_in_threadpool

from aetherist.serve.config import ConfigRefused
from aetherist.serve.openapi import problems
from aetherist.serve.problems import Problem
from aetherist.serve.routes.convertors import or_nothing
from aetherist.serve.schemas.common import Answer, Body, Limit, Name, Page
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services
from aetherist.storage import KeyRow, MissingError

router = APIRouter(prefix="/v1/admin", tags=["admin"])


def unknown_key(_id: str) -> Problem:
    """Return the problem that a key is which is not there."""
    return Problem("not_found", "there is no such key")


Parts = Annotated[Services, Depends(services)]
Admin = Annotated[Caller, Depends(require("admin"))]
Scope = Literal["read", "generate", "admin"]
KeyId = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-z]+$"), or_nothing(unknown_key), Path()]


class Setting(Answer):
    """A setting."""

    key: str = Field(examples=["limits.queue"])
    value: Any = Field(description="Without secrets.")
    source: str = Field(description="Where the value comes from.")
    live: bool = Field(description="Whether it can change while the server runs.")
    why: str = Field(description="Why it cannot.")
    description: str


class Settings(Answer):
    """All settings."""

    items: list[Setting]


class ConfigPatch(Body):
    """What to change: values by dotted keys, all of them or none. `null` takes an earlier change back."""

    values: dict[str, Any] = Field(min_length=1, max_length=100, examples=[{"limits.queue": 32}])


class ChangeData(Answer):
    """A change that was taken."""

    by: str
    at: datetime
    accepted: bool
    values: dict[str, Any] = Field(description="Each setting that differs, before and after.")
    problems: list[dict[str, Any]]
    notes: list[str] = Field(description="What has no effect, and why.")


class AuditRow(Answer):
    """Something that happened."""

    id: str
    at: datetime
    kind: str = Field(examples=["config"])
    key_id: str | None
    model: str | None
    detail: dict[str, Any]


class KeyBody(Body):
    """A key to make."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=3)
    rate: str | None = Field(None, max_length=100, description="Its own rate.", examples=["60/minute"])

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, value: str | None) -> str | None:
        import limits

        try:
            limits.parse(value or "1/minute")
        except ValueError:
            raise ValueError("this is no rate; write 60/minute") from None
        return value


class KeyData(Answer):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    rate: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(KeyData):
    """A key that was just made."""

    secret: str = Field(description="Shown this once: nobody can find it out again.")


class Keys(Answer):
    """The keys, the revoked ones too, the newest first."""

    items: list[KeyData]


@router.get("/config", summary="List the settings", operation_id="get_config")
async def get_config(parts: Parts, _caller: Admin) -> Settings:
    """Each with its value, where that comes from, and whether it can change while the server runs."""
    return Settings(items=[Setting(**entry.to_dict()) for entry in parts.config.entries()])


@router.patch(
    "/config",
    summary="Change settings",
    operation_id="change_config",
    responses=problems("invalid_request"),
)
async def change_config(body: ConfigPatch, parts: Parts, caller: Admin) -> ChangeData:
    """All of them or none: the settings are held to be valid as a whole, and what cannot change live says why."""
    try:
        change = await run_in_threadpool(parts.config.change, body.values, by=caller.key_id or caller.client)
    except ConfigRefused as refused:
        errors = [{"pointer": f"/values/{found.key}", "detail": found.message} for found in refused.problems]
        raise Problem("invalid_request", "nothing was changed; each setting says why", errors=errors) from None
    return ChangeData(**change.to_dict())


@router.get("/audit", summary="List what happened", operation_id="list_audit")
async def list_audit(
    parts: Parts,
    _caller: Admin,
    kind: Annotated[
        str | None,
        Query(max_length=64, pattern=r"^[a-z.]+\*?$", description="`config`; `key.*` is all that begin so."),
    ] = None,
    limit: Annotated[Limit, Query()] = 50,
    before: Annotated[str | None, Query(max_length=64, pattern=r"^ev_[A-Za-z0-9_-]+$")] = None,
) -> Page[AuditRow]:
    """Changes of settings, taken or refused, and of keys; the newest first."""
    rows = await run_in_threadpool(parts.storage.events.list, kind, limit=limit + 1, before=before)
    items = [
        AuditRow(id=row.id, at=row.at, kind=row.kind, key_id=row.key_id, model=row.model, detail=row.detail)
        for row in rows[:limit]
    ]
    return Page[AuditRow](items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/keys", summary="List the keys", operation_id="list_keys")
async def list_keys(parts: Parts, _caller: Admin) -> Keys:
    """Without their secrets, of which only digests are kept."""
    return Keys(items=[_key(row) for row in await run_in_threadpool(parts.storage.keys.list)])


@router.post("/keys", summary="Make a key", operation_id="create_key", status_code=201)
async def create_key(body: KeyBody, parts: Parts, caller: Admin) -> NewKey:
    """The secret is in the answer and nowhere else."""

    def make() -> tuple[KeyRow, str]:
        row, secret = parts.storage.keys.create(body.name, body.scopes, body.rate)
        parts.storage.events.record("key.created", caller.key_id, detail={"key": row.id, "scopes": list(row.scopes)})
        return row, secret

    row, secret = await run_in_threadpool(make)
    return NewKey(**_key(row).model_dump(), secret=secret)


@router.delete("/keys/{id}", summary="Revoke a key", operation_id="revoke_key", responses=problems("not_found"))
async def revoke_key(id: KeyId, parts: Parts, caller: Admin) -> KeyData:
    """It is refused from now on; its row stays, for it is named by what was done with it."""

    def revoke() -> KeyRow:
        row = parts.storage.keys.revoke(id)
        parts.storage.events.record("key.revoked", caller.key_id, detail={"key": row.id})
        return row

    try:
        return _key(await run_in_threadpool(revoke))
    except MissingError:
        raise unknown_key(id) from None


def _key(row: KeyRow) -> KeyData:
    return KeyData.model_validate(attrs.asdict(row))
