"""Who is meant, and from where they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from aetherist.serve.schemas.common import Body

DEEPEST = 4
"""How deep mixes may be made of mixes."""

MOST_ATTRIBUTES = 64

Seed = Annotated[int, Field(ge=0, lt=2**32, examples=[7])]
Psi = Annotated[float, Field(ge=-2, le=2, description="Truncation: 0 is the average person, 1 is all of them.")]
Strength = Annotated[float, Field(ge=-100, le=100)]
Strengths = dict[Annotated[str, Field(min_length=1, max_length=64)], Strength]


def _few(attributes: dict[str, Any]) -> dict[str, Any]:
    if len(attributes) + sum(len(value) for value in attributes.values() if isinstance(value, dict)) > MOST_ATTRIBUTES:
        raise ValueError(f"at most {MOST_ATTRIBUTES} attributes")
    return attributes


Attributes = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[
            Annotated[Strength, Tag("<strength>")] | Annotated[Strengths, Tag("<group>")],
            Discriminator(lambda value: "<group>" if isinstance(value, dict) else "<strength>"),
        ],
    ],
    AfterValidator(_few),
    Field(
        default_factory=dict,
        max_length=MOST_ATTRIBUTES,
        description="Strength of edits by attribute; 1 is one step of its direction. Groups nest.",
        examples=[{"age": 0.5, "ethnicity": {"asian": 0.7}}],
    ),
]


class SeedPerson(Body):
    """The person of a seed."""

    seed: Seed
    psi: Psi | None = Field(None, description="Truncation; the model says by default.")
    cutoff: int | None = Field(None, ge=0, le=1000, description="How many layers are truncated; all by default.")
    attributes: Attributes


class SavedPerson(Body):
    """An avatar that was saved."""

    id: str = Field(min_length=4, max_length=64, pattern=r"^av_[A-Za-z0-9_-]+$", examples=["av_01JQ7F3N5W"])
    attributes: Attributes


class Mixing(Body):
    """How two become one."""

    amount: float = Field(0.5, ge=-2, le=3, description="How much of the second.")
    layers: list[Annotated[int, Field(ge=0, le=1000)]] | None = Field(
        None, min_length=1, max_length=64, description="Which layers to mix: the first shape, the last colour."
    )
    space: Literal["w", "z"] = Field("w", description="Mix styles in a straight line, or latents on their sphere.")

    @model_validator(mode="after")
    def _layers_in_w(self) -> Self:
        if self.layers is not None and self.space == "z":
            raise ValueError("layers are mixed in w: latents have none")
        return self


class MixedPerson(Mixing):
    """Someone between two others."""

    mix: list[AvatarSpec] = Field(min_length=2, max_length=2)
    attributes: Attributes

    @model_validator(mode="after")
    def _shallow(self) -> Self:
        if _depth(self) > DEEPEST:
            raise ValueError(f"mixes of mixes go {DEEPEST} deep at most")
        return self


def _kind(value: Any) -> str:
    """Tell the three kinds apart by the key that only one of them has, so that faults speak of that one."""
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return "<saved>" if "id" in keys else "<mixed>" if "mix" in keys else "<seed>"


AvatarSpec = Annotated[
    Annotated[SeedPerson, Tag("<seed>")]
    | Annotated[SavedPerson, Tag("<saved>")]
    | Annotated[MixedPerson, Tag("<mixed>")],
    Discriminator(_kind),
]
"""Who is meant: of a seed, saved, or between two others."""

MixedPerson.model_rebuild()


def _depth(spec: SeedPerson | SavedPerson | MixedPerson) -> int:
    return 1 + max(map(_depth, spec.mix)) if isinstance(spec, MixedPerson) else 0


def saved_in(spec: SeedPerson | SavedPerson | MixedPerson) -> Iterator[str]:
    """Yield the ids of the saved avatars that a spec is made of."""
    if isinstance(spec, SavedPerson):
        yield spec.id
    elif isinstance(spec, MixedPerson):
        for part in spec.mix:
            yield from saved_in(part)


Yaw = Annotated[float, Field(ge=-7, le=7, description="Radians; positive is to the right.")]
Pitch = Annotated[float, Field(ge=-7, le=7, description="Radians; positive is up.")]
Radius = Annotated[float, Field(ge=0.05, le=100, description="Of the camera, in world units.")]
Fov = Annotated[float, Field(ge=3, le=150, description="Field of view, in degrees.")]


class CameraSpec(Body):
    """A camera: angles round the head, or all of its 25 numbers."""

    yaw: Yaw = 0.0
    pitch: Pitch = 0.0
    radius: Radius | None = None
    fov: Fov | None = None
    vector: list[Annotated[float, Field(ge=-1e6, le=1e6)]] | None = Field(
        default=None,
        min_length=25,
        max_length=25,
        description="OpenCV camera-to-world by rows, then the normalised intrinsics by rows; instead of the rest.",
    )

    @model_validator(mode="after")
    def _one(self) -> CameraSpec:
        if self.vector is not None and self.model_fields_set != {"vector"}:
            raise ValueError("give angles, or a vector: one of them")
        return self
