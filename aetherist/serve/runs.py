"""Training runs as they lie in a folder: which there are, how far they are, their records and grids of pictures.

Nothing here makes a path of what a request says: a name is compared with what a listing of the folder holds.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import yaml

FILES_OF_RUNS = ("stats.jsonl", "recipe.yaml")
RECIPE = "recipe.yaml"
RECORDS = "stats.jsonl"
PICTURES = "pictures"
MODELS = "models"

QUIET = 120.0
"""Seconds without a record after which a run is taken to have stopped, at least."""

PAGE_BYTES = 4 * 2**20
"""How much of the records is read at a time."""

_NUMBERED = re.compile(r"([0-9]{5,})-(.+)")
_GRID = re.compile(r"(?P<output>.+)-(?P<images>[0-9]{9,})\.png")
_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kM]?)")
_TIMES = {"": 1, "k": 1_000, "M": 1_000_000}


class UnknownRun(ValueError):
    """There is no such run, or no such file in it."""


@attrs.frozen
class Grid:
    """A grid of pictures that a training wrote.

    Attributes:
        file: Its name.
        output: Of the graph that it shows.
        images: How many the training had seen.
        size: Bytes.
    """

    file: str
    output: str
    images: int
    size: int


@attrs.frozen
class Page:
    """Records from one place of the file to another.

    Attributes:
        records: One for each interval; what JSON has no number for is ``"nan"`` or ``"inf"``.
        next: Where to go on.
        restarted: Whether the file is another one than before, as when a training goes on from a checkpoint: what was
            read before does not hold, and these are the first records.
        more: Whether there is more to read at once.
    """

    records: list[dict[str, Any]]
    next: int
    restarted: bool = False
    more: bool = False


class Runs:
    """The training runs in a folder, as ``aetherist train --out`` fills it.

    Args:
        folder: Need not be there; ``None`` has no runs.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def list(self) -> list[Run]:
        """Return all runs, the newest first."""
        return sorted(self._found(), key=lambda run: (run.number, run.name), reverse=True)

    def get(self, name: str) -> Run:
        """Return a run.

        Raises:
            UnknownRun: If no run in the folder is called so.
        """
        for run in self._found():
            if run.name == name:
                return run
        raise UnknownRun("there is no run of this name; GET /v1/runs lists them")

    def _found(self) -> Iterator[Run]:
        if self.folder is None or not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if _NUMBERED.fullmatch(path.name) and any((path / file).is_file() for file in FILES_OF_RUNS):
                yield Run(path)


@attrs.frozen
class Run:
    """The folder of one training."""

    path: Path

    @property
    def name(self) -> str:
        """Of the folder: ``00003-portrait``."""
        return self.path.name

    @property
    def number(self) -> int:
        """The number that the name begins with."""
        match = _NUMBERED.fullmatch(self.name)
        return int(match[1]) if match else 0

    def recipe(self) -> str | None:
        """Return the recipe as it composed, ``None`` where it is not written yet."""
        file = self.path / RECIPE
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def length(self) -> int | None:
        """Return how many images the training is to see, where the recipe says."""
        return _length(self.recipe() or "")

    def grids(self) -> list[Grid]:
        """Return the grids of pictures, by output, the oldest first."""
        found = []
        for file in self._files(PICTURES):
            match = _GRID.fullmatch(file.name)
            if match:
                found.append(Grid(file.name, match["output"], int(match["images"]), file.stat().st_size))
        return sorted(found, key=lambda grid: (grid.output, grid.images))

    def grid(self, name: str) -> Path:
        """Return where a grid is.

        Raises:
            UnknownRun: If the run has none of that name.
        """
        for file in self._files(PICTURES):
            if file.name == name and _GRID.fullmatch(name):
                return file
        raise UnknownRun(f"the run {self.name} has no grid of this name; its /grids lists them")

    def models(self) -> list[str]:
        """Return the names of the model folders that were saved, the oldest first."""
        folder = self.path / MODELS
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def records(self, since: int = 0) -> Page:
        """Return the records from a place on; a line that is being written is left for the next time.

        Args:
            since: ``next`` of the page before; 0 is the beginning.
        """
        file = self.path / RECORDS
        if not file.is_file():
            return Page([], 0, restarted=since > 0)
        with file.open("rb") as lines:
            size = lines.seek(0, 2)
            restarted = since > size or (since > 0 and not _begins_line(lines, since))
            start = 0 if restarted else since
            lines.seek(start)
            data = lines.read(PAGE_BYTES)
        whole = data[: data.rfind(b"\n") + 1]
        records = [record for line in whole.splitlines() if (record := _parsed(line)) is not None]
        return Page(records, start + len(whole), restarted, more=len(data) == PAGE_BYTES)

    def latest(self) -> dict[str, Any] | None:
        """Return the last record, ``None`` before the first."""
        file = self.path / RECORDS
        if not file.is_file():
            return None
        with file.open("rb") as lines:
            lines.seek(max(0, lines.seek(0, 2) - 2**16))
            data = lines.read()
        for line in reversed(data[: data.rfind(b"\n") + 1].splitlines()):
            if (record := _parsed(line)) is not None:
                return record
        return None

    def summary(self) -> dict[str, Any]:
        """Return what a list of runs says of this one, JSON-ready."""
        latest, length, now = self.latest(), self.length(), time.time()
        file = self.path / RECORDS
        updated = file.stat().st_mtime if file.is_file() else self.path.stat().st_mtime
        images = 0 if latest is None else int(latest.get("images", 0))
        if length is not None and images >= length:
            status = "finished"
        else:
            status = "running" if now - updated < max(QUIET, 3 * self._interval()) else "stopped"
        match = _NUMBERED.fullmatch(self.name)
        return {
            "name": self.name,
            "recipe": match[2] if match else self.name,
            "status": status,
            "images": images,
            "length": length,
            "updated_at": updated,
            "latest": latest,
            "grids": len(self.grids()),
            "models": self.models(),
        }

    def _interval(self) -> float:
        """Return how many seconds passed between the last two records."""
        file = self.path / RECORDS
        if not file.is_file():
            return 0.0
        with file.open("rb") as lines:
            lines.seek(max(0, lines.seek(0, 2) - 2**16))
            found = [record for line in lines.read().splitlines() if (record := _parsed(line)) is not None]
        seconds = [record["seconds"] for record in found[-2:] if isinstance(record.get("seconds"), int | float)]
        return float(seconds[1] - seconds[0]) if len(seconds) == 2 else 0.0

    def _files(self, folder: str) -> list[Path]:
        place = self.path / folder
        return [path for path in place.iterdir() if path.is_file()] if place.is_dir() else []


def _begins_line(file: Any, place: int) -> bool:
    file.seek(place - 1)
    return bool(file.read(1) == b"\n")


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:  # half a line that was written when the process was killed
        return None
    return record if isinstance(record, dict) else None


@lru_cache(maxsize=64)
def _length(recipe: str) -> int | None:
    """Return ``training.length`` of a recipe: ``5000``, ``200k`` or ``2.5M``."""
    try:
        data = yaml.safe_load(recipe)
    except yaml.YAMLError:
        return None
    training = data.get("training") if isinstance(data, dict) else None
    value = training.get("length") if isinstance(training, dict) else None
    if isinstance(value, int):
        return value
    match = _COUNT.fullmatch(str(value).strip())
    return int(float(match[1]) * _TIMES[match[2]]) if match else None
