"""What all bodies share."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class Body(BaseModel):
    """What comes in: nothing unknown, nothing that is nearly of the type, no number that is not finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Answer(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid")


class Page(Answer, Generic[Item]):
    """Some of a long list."""

    items: list[Item]
    next: str | None = Field(None, description="Give it as `before` to get what follows; null at the end.")


def _printable(text: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise ValueError("control characters have no place here")
    return text


Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
"""What someone calls a thing."""

Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]


class FaultData(Answer):
    """A place in a request that is at fault."""

    pointer: str = Field(description="JSON pointer to the place.")
    detail: str
    in_: str | None = Field(None, alias="in", description="`body`, `query`, `path` or `header`.")


class ProblemData(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(description="An address that says more about this kind of problem.")
    title: str
    status: int
    detail: str
    code: str = Field(description="The kind of problem, for programs.")
    instance: str | None = None
    request_id: str | None = Field(None, description="The log of the server knows the request by it.")
    errors: list[FaultData] | None = None
    diagnostics: list[dict[str, Any]] | None = Field(None, description="What a check of a recipe found.")
