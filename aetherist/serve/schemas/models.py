"""Models, their directions, and recipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from aetherist.serve.schemas.common import Answer, Body


class ModelItem(Answer):
    """A model that the server has."""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """Take what belongs here from what the engine says."""
        return cls(**{name: described[name] for name in cls.model_fields})

    name: str
    digest: str = Field(description="Of its recipe and weights.")
    parameters: int
    resolution: int = Field(description="Pixels of a side of `image`.")
    outputs: list[str] = Field(examples=[["image", "raw", "depth", "alpha"]])
    default: bool = Field(description="Whether it is meant where none is named.")
    editable: bool = Field(description="Whether it has directions.")


class ModelList(Answer):
    """The models of the server."""

    items: list[ModelItem]


class StageData(Answer):
    """The usual camera of a model: it looks from a radius at a pivot."""

    radius: float
    pivot: list[float]
    focal: float = Field(description="In picture widths.")
    fov: float = Field(description="Degrees.")


class ModelData(ModelItem):
    """All that is to know of a model."""

    style_shape: list[int]
    latent_dim: int
    stage: StageData
    graphs: list[str]
    psi: float = Field(description="Truncation where none is given.")
    field: bool = Field(description="Whether it has density, so that meshes can be made.")


class Direction(Answer):
    """What an edit follows."""

    attribute: str
    axis: str | None = Field(None, description="The one of an attribute that has several.")
    range: tuple[float, float] | None = Field(description="Strengths that were measured.")
    step: float | None = None
    description: str | None = None
    group: str | None = None
    quality: Any = None

    model_config = ConfigDict(extra="allow")


class Directions(Answer):
    """What edits of a model follow; none for a model that has no directions."""

    items: list[Direction]


class RecipeItem(Answer):
    """A recipe that ships."""

    name: str
    description: str


class RecipeList(Answer):
    """Recipes that ship."""

    items: list[RecipeItem]


class RecipeData(Answer):
    """A recipe, as it is written and as it composes, and its graphs."""

    name: str
    text: str
    composed: str
    graphs: list[dict[str, Any]] = Field(description="Graphs to draw: inputs, steps, outputs and wires.")


class CheckBody(Body):
    """A recipe to check. It may name components and shipped recipes; files and the environment are out of reach."""

    text: str = Field(
        min_length=1,
        max_length=2**20,
        description="YAML.",
        examples=["extends: tiny\ncomponents:\n  renderer: {samples: 8}\n"],
    )
    overrides: list[str] = Field(default_factory=list, max_length=64, examples=[["components.renderer.samples=8"]])
    level: Literal["static", "dry"] = Field("static", description="`dry` runs the modules without computing.")


class Checked(Answer):
    """What a check found."""

    ok: bool = Field(description="Whether nothing worse than a warning was found.")
    diagnostics: list[dict[str, Any]]
    graphs: list[dict[str, Any]] = Field(description="Graphs to draw, of those that are sound.")

    model_config = ConfigDict(extra="allow")
