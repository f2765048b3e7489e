"""Messages of a view over a WebSocket."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aetherist.serve.schemas.common import Body
from aetherist.serve.schemas.people import AvatarSpec, CameraSpec
from aetherist.serve.schemas.pictures import Format, ModelName, Output, Quality, Side


class Hello(Body):
    """The first message: who, what model, what kind of pictures."""

    type: Literal["hello"]
    key: str | None = Field(None, max_length=256)
    model: ModelName | None = None
    format: Format = "webp"
    quality: Quality | None = None


class ViewMessage(Body):
    """What to show now. A later one takes its place if it is not drawn yet."""

    type: Literal["view"]
    id: int = Field(ge=0, lt=2**53)
    person: AvatarSpec
    camera: CameraSpec = Field(default_factory=lambda: CameraSpec())
    moving: bool = Field(False, description="Whether more will follow at once: then a small picture is quick enough.")
    output: Output = "image"
    size: Side | None = None
