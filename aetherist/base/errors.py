"""Diagnostics, and the exceptions that carry them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import attrs


class Severity(StrEnum):
    """How much a diagnostic matters: only an error stops a recipe."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@attrs.frozen(order=True)
class Position:
    """A place in a text: file, line and column from 1. Line 0 means all of what ``file`` names, such as an override."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@attrs.frozen
class Side:
    """One party to a disagreement: who, what it says, and where it says so."""

    label: str
    text: str
    where: Position | None = None


@attrs.frozen
class Diagnostic:
    """One fault of a recipe, a model folder or an input, with all a reader or an editor needs to mend it.

    ``path`` is the dotted place inside the recipe (``graphs.generate.steps.final``), so that a graph editor can show
    the fault on its node even where there is no text.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    where: Position | None = None
    path: str = ""
    sides: tuple[Side, ...] = ()
    notes: tuple[str, ...] = ()
    fix: str | None = None

    def sort_key(self) -> tuple[Any, ...]:
        """Order by position, then code: the order in which a reader meets the faults."""
        where = self.where or Position("", 0, 0)
        return (where.file, where.line, where.column, self.code, self.message)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnostic as JSON-ready data."""
        return attrs.asdict(self, value_serializer=lambda _, __, v: v.value if isinstance(v, Severity) else v)

    def __str__(self) -> str:
        head = f"{self.where}  " if self.where else ""
        lines = [f"{head}{self.code}  {self.message}"]
        width = max((len(side.label) for side in self.sides), default=0)
        for side in self.sides:
            place = f"  ({side.where})" if side.where else ""
            lines.append(f"  {side.label:<{width}}  {side.text}{place}")
        lines += [f"  {note}" for note in self.notes]
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class AetheristError(Exception):
    """Base of the errors that say what a user can mend."""


class RecipeError(AetheristError, ValueError):
    """A recipe that cannot be used; ``diagnostics`` says why, all of it at once."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a note that offers the names nearest to ``name``, or all there are when they are few."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12])
    return f"known: {shown}" + (", ..." if len(known) > 12 else "")
