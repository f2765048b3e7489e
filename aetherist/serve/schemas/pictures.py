"""Pictures that are asked for, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from aetherist.serve.schemas.common import Answer, Body
from aetherist.serve.schemas.people import Attributes, AvatarSpec, CameraSpec, Psi

Format = Literal["png", "jpeg", "webp"]
Output = Literal["image", "raw", "depth", "alpha"]
Side = Annotated[int, Field(ge=16, le=4096, description="Pixels of a side to scale to; as rendered by default.")]
Quality = Annotated[int, Field(ge=1, le=100, description="Of JPEG and WebP; a WebP without one is lossless.")]
ModelName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", examples=["portrait"])
]


class Look(Body):
    """How a picture is drawn and written."""

    output: Output = Field("image", description="What of the model: `raw` is small and quick.")
    size: Side | None = None
    format: Format = "png"
    quality: Quality | None = None


class GenerateBody(Look):
    """People, cameras, and how to draw them: a picture of each person from each camera."""

    model: ModelName | None = Field(None, description="The default one if none is named.")
    people: list[AvatarSpec] | None = Field(None, min_length=1, max_length=4096)
    seeds: str | None = Field(
        None,
        min_length=1,
        max_length=400,
        pattern=r"^[0-9,\- ]+$",
        description="Instead of people.",
        examples=["0-3,7"],
    )
    psi: Psi | None = Field(None, description="Truncation of the seeds.")
    attributes: Attributes
    cameras: list[CameraSpec] = Field(default_factory=lambda: [CameraSpec()], min_length=1, max_length=4096)

    @model_validator(mode="after")
    def _people_or_seeds(self) -> GenerateBody:
        if (self.people is None) == (self.seeds is None):
            raise ValueError("give people, or seeds: one of them")
        if self.psi is not None and self.seeds is None:
            raise ValueError("psi belongs to seeds; a person has its own")
        return self


class ArtifactData(Answer):
    """Something that is kept, by its content."""

    digest: str = Field(description="SHA-256 of the bytes.")
    url: str = Field(description="Where it can be fetched, for a while also without a key.")
    media_type: str
    size: int
    name: str | None = None


class GeneratedPicture(Answer):
    """A picture that was made."""

    person: AvatarSpec
    camera: CameraSpec
    artifact: ArtifactData
    width: int
    height: int


class Generated(Answer):
    """Pictures that were made: every camera of the first person, then of the next."""

    items: list[GeneratedPicture]
