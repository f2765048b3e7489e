"""What a client needs to know first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from aetherist import __version__
from aetherist.serve.schemas.common import Answer
from aetherist.serve.security import Caller
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1", tags=["session"])


class CallerData(Answer):
    """What a caller may do."""

    scopes: list[str] = Field(examples=[["admin", "generate", "read"]])


class Session(Answer):
    """The server, as a client that has just arrived sees it."""

    version: str
    keys_required: bool = Field(description="Whether requests need `Authorization: Bearer ak_...`.")
    caller: CallerData | None = Field(description="What the key that was sent allows; null without one where needed.")
    default_model: str


@router.get("/session", summary="Say what the server is, and what the caller may do", operation_id="get_session")
def session(request: Request, parts: Annotated[Services, Depends(services)]) -> Session:
    """Needs no key: it says whether one is needed."""
    caller: Caller = request.state.caller
    settings = parts.settings
    return Session(
        version=__version__,
        keys_required=settings.keys_required,
        caller=CallerData(scopes=sorted(caller.scopes)) if caller.scopes else None,
        default_model=settings.models.default,
    )
