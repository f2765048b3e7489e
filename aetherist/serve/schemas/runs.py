"""Training runs, as they are told of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from aetherist.serve.schemas.common import Answer


class RunSummary(Answer):
    """A training run."""

    name: str = Field(examples=["00003-portrait"])
    recipe: str = Field(description="The name of the recipe.")
    status: Literal["running", "stopped", "finished"] = Field(
        description="`stopped` where nothing was written for a while before its end."
    )
    images: int = Field(description="Images seen.")
    length: int | None = Field(description="Images to see, where the recipe says.")
    updated_at: datetime
    latest: dict[str, Any] | None = Field(description="The last record.")
    grids: int = Field(description="How many grids of pictures there are.")
    models: list[str] = Field(description="Model folders that were saved, by the images seen.")


class RunList(Answer):
    """The runs, the newest first."""

    items: list[RunSummary]


class RunData(RunSummary):
    """A training run with its recipe."""

    text: str | None = Field(description="The recipe as it composed, in YAML.")


class RunRecords(Answer):
    """Records of a run, one for each interval: means of the losses, rates, speed, memory."""

    records: list[dict[str, Any]] = Field(
        description='What JSON has no number for is "nan", "inf" or "-inf".',
        examples=[[{"step": 500, "images": 2000, "seconds": 61.5, "speed": 32.5, "terms": {"generate.loss": 0.69}}]],
    )
    next: int = Field(description="Give it as `since` to get what follows.")
    restarted: bool = Field(description="Whether the records begin anew: those from before do not hold.")
    more: bool = Field(description="Whether more is there already.")


class RunGrid(Answer):
    """A grid of pictures at the same draws and cameras each time."""

    file: str = Field(examples=["image-000002000.png"])
    output: str = Field(description="Of the graph.")
    images: int = Field(description="Images seen when it was made.")
    size: int = Field(description="Bytes.")


class RunGrids(Answer):
    """The grids of a run, by output, the oldest first."""

    items: list[RunGrid]
