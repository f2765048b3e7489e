"""What jobs are asked for: one body a kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, TypeAdapter, model_validator

from aetherist.serve.schemas.common import Body
from aetherist.serve.schemas.people import Attributes, AvatarSpec, CameraSpec, Pitch, Psi, Seed, Yaw
from aetherist.serve.schemas.pictures import GenerateBody, Look, ModelName, Output, Side

Seeds = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[0-9,\- ]+$", examples=["0-99"])]
Model = Annotated[ModelName | None, Field(description="The default one if none is named.")]


class VideoBody(Body):
    """How a video is made, whoever is in it."""

    frames: int = Field(90, ge=2, le=3600)
    fps: float = Field(30.0, ge=1, le=120, description="Frames a second.")
    path: Literal["orbit", "sway"] = "sway"
    yaw: Yaw = 0.4
    pitch: Pitch = 0.2
    output: Output = "image"
    format: Literal["mp4", "webm"] = "mp4"
    size: Side | None = None


class VideoJob(VideoBody):
    """A video: of one person before a moving camera, or of several who become each other."""

    kind: Literal["video"]
    model: Model = None
    people: list[AvatarSpec] = Field(min_length=1, max_length=32, examples=[[{"seed": 7}]])


class MeshBody(Body):
    """How a surface becomes a file, whosever it is; `splats` are Gaussians on it, in a PLY."""

    resolution: int = Field(192, ge=16, le=512, description="Cells along the longest side.")
    faces: int | None = Field(None, ge=50, le=5_000_000, description="Simplify to so many.")
    level: float | None = Field(None, gt=0, le=1000, description="Density that the surface stands for.")
    texture: bool = Field(False, description="Bake a texture instead of colours at the vertices.")
    format: Literal["glb", "obj", "ply", "stl", "splats"] = "glb"

    @model_validator(mode="after")
    def _texture_has_a_place(self) -> MeshBody:
        if self.texture and self.format != "glb":
            raise ValueError(f"one file of {self.format} keeps no texture; ask for glb, or leave the texture out")
        return self


class MeshJob(MeshBody):
    """The surface of a person as a file."""

    kind: Literal["mesh"]
    model: Model = None
    person: AvatarSpec = Field(examples=[{"seed": 7}])


class GenerateJob(GenerateBody):
    """Pictures of people: as `/v1/generate`, and more than one request may ask for."""

    kind: Literal["generate"]


class BatchBody(Look):
    """Pictures of very many people: each an artifact, with a manifest and a ZIP archive of all."""

    model: Model = None
    seeds: Seeds
    psi: Psi | None = Field(None, description="Truncation; the model says by default.")
    attributes: Attributes
    cameras: list[CameraSpec] = Field(default_factory=lambda: [CameraSpec()], min_length=1, max_length=256)
    archive: bool = Field(True, description="Whether to pack the pictures into a ZIP file as well.")


class BatchJob(BatchBody):
    """A batch."""

    kind: Literal["batch"]


class RunJob(Body):
    """A graph, run step by step: what each step takes and gives. Of a model, or of a recipe, with fresh weights."""

    kind: Literal["run"]
    model: Model = None
    text: str | None = Field(None, min_length=1, max_length=2**20, description="A recipe, in YAML.")
    overrides: list[Annotated[str, Field(min_length=1, max_length=400)]] = Field(default_factory=list, max_length=64)
    graph: str = Field("generate", min_length=1, max_length=120)
    until: str | None = Field(None, min_length=1, max_length=240, description="Run no further than this step.")
    seed: Seed = 0
    psi: Psi | None = None
    yaw: Yaw = 0.0
    pitch: Pitch = 0.0

    @model_validator(mode="after")
    def _one_source(self) -> RunJob:
        if self.model is not None and self.text is not None:
            raise ValueError("give a model or the text of a recipe: one of them")
        if self.overrides and self.text is None:
            raise ValueError("overrides belong to the text of a recipe")
        return self


JobBody = Annotated[VideoJob | MeshJob | GenerateJob | BatchJob | RunJob, Discriminator("kind")]

_BODY: TypeAdapter[Any] = TypeAdapter(JobBody)


def read(kind: str, request: dict[str, Any]) -> Any:
    """Return the body of a job as it was kept in the database."""
    return _BODY.validate_python({**request, "kind": kind})


def written(body: Any) -> dict[str, Any]:
    """Return a body as it is kept in the database: what was given."""
    kept: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True)
    kept.pop("kind", None)
    return kept
