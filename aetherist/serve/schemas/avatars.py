"""Avatars that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from aetherist.serve.schemas.common import Answer, Body, Name
from aetherist.serve.schemas.people import Attributes, AvatarSpec, CameraSpec, Mixing
from aetherist.serve.schemas.pictures import Look, ModelName

AvatarId = Annotated[str, Field(max_length=64, pattern=r"^av_[A-Za-z0-9_-]+$", examples=["av_01JQ7F3N5W"])]


class AvatarBody(Body):
    """An avatar to keep."""

    model: ModelName | None = Field(None, description="The default one if none is named.")
    person: AvatarSpec
    name: Name | None = None


class RenameBody(Body):
    """Another name."""

    name: Name | None = Field(examples=["Ada"])


class EditBody(Body):
    """Strengths that replace those there were; 0 takes one away."""

    attributes: Attributes
    beyond: Literal["warn", "error", "allow"] = Field("warn", description="What of strengths outside their range.")
    name: Name | None = None


class MixBody(Mixing):
    """Two avatars to stand between."""

    between: list[AvatarId] = Field(min_length=2, max_length=2)
    name: Name | None = None


class RenderBody(Look):
    """A picture of an avatar."""

    camera: CameraSpec = Field(default_factory=lambda: CameraSpec(), examples=[{"yaw": 0.3, "pitch": 0.1}])


class AvatarLinks(Answer):
    """Where the rest of an avatar is."""

    self: str
    picture: str
    file: str


class AvatarData(Answer):
    """An avatar that is kept."""

    id: str
    model: str
    model_digest: str
    digest: str = Field(description="Of what it is: equal avatars of a model have equal digests.")
    seed: int | None
    psi: float | None
    attributes: dict[str, Any]
    name: str | None
    created_at: datetime
    links: AvatarLinks
    warnings: list[str] = Field(default_factory=list, description="Of its making, such as a strength out of range.")
