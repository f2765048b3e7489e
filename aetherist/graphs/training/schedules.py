"""Numbers that change while a model trains. Time is counted in images seen."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    Tag,
    model_validator,
)

SUFFIXES = {"": 1, "k": 1_000, "M": 1_000_000}

_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kM]?)")


def parse_count(value: Any) -> Any:
    """Return a number of images: ``200k`` is 200,000 and ``2.5M`` is 2,500,000; an integer is itself.

    Raises:
        ValueError: If a text is no such number.
    """
    if isinstance(value, str):
        match = _COUNT.fullmatch(value.strip())
        number = float(match[1]) * SUFFIXES[match[2]] if match else 0.5
        if number != int(number):
            raise ValueError(f"'{value}' is no count of images; write 5000, 200k or 25M")
        return int(number)
    return value


def spell_count(images: int) -> str:
    """Return a count as a recipe writes it: ``200k``."""
    for suffix, size in (("M", 1_000_000), ("k", 1_000)):
        if images >= size:
            return f"{images / size:.4g}{suffix}"
    return str(images)


Count = Annotated[int, Field(ge=0), BeforeValidator(parse_count)]
"""A number of images, 0 or more."""

PositiveCount = Annotated[int, Field(ge=1), BeforeValidator(parse_count)]
"""A number of images, 1 or more."""


class Schedule(BaseModel):
    """A number that goes from one value to another over a number of images, and then stays."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)

    start: float = Field(alias="from")
    """The value before."""
    to: float
    """The value after."""
    over: PositiveCount
    """How many images the way takes."""
    after: Count = 0
    """How many images pass before it begins."""
    shape: Literal["linear", "cosine", "geometric"] = "linear"
    """How it goes: evenly, slowly at both ends, or by equal factors."""

    @model_validator(mode="after")
    def _has_a_ratio(self) -> Self:
        if self.shape == "geometric" and not self.start * self.to > 0:
            raise ValueError("a geometric schedule goes between two numbers of one sign, neither of them 0")
        return self

    def at(self, images: int) -> float:
        """Return the value once ``images`` have been seen."""
        way = min(max((images - self.after) / self.over, 0.0), 1.0)
        if self.shape == "cosine":
            way = 0.5 - 0.5 * math.cos(math.pi * way)
        elif self.shape == "geometric":
            return float(self.start * (self.to / self.start) ** way)
        return self.start + (self.to - self.start) * way


def written_as(data: Any) -> str:
    """Return which form a number has: a map is a schedule."""
    return "schedule" if isinstance(data, dict | Schedule) else "plain"


BySchedule = Annotated[Schedule, Tag("schedule")]

Number = Annotated[Annotated[float, Tag("plain")] | BySchedule, Discriminator(written_as)]
"""A number, or the schedule of one."""

NonNegative = Annotated[Annotated[NonNegativeFloat, Tag("plain")] | BySchedule, Discriminator(written_as)]
"""A number that is not negative, or a schedule."""


def value_at(number: float | Schedule, images: int) -> float:
    """Return what a number or a schedule is once ``images`` have been seen."""
    return number.at(images) if isinstance(number, Schedule) else number
