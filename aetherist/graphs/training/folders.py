"""Run folders: ``00000-name``, ``00001-name``, ... and what lies where in one."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from aetherist.graphs.training.checkpoint import latest_checkpoint

_RUN = re.compile(r"([0-9]{5,})-(.+)")


@attrs.frozen
class RunFolder:
    """The folder of one training."""

    path: Path

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Make the folder of a new run, numbered after the greatest number there."""
        parent.mkdir(parents=True, exist_ok=True)
        taken = [int(match[1]) for path in parent.iterdir() if (match := _RUN.fullmatch(path.name))]
        number = max(taken, default=-1) + 1
        while True:
            path = parent / f"{number:05d}-{name}"
            try:
                path.mkdir()
                return cls(path)
            except FileExistsError:  # another process was faster
                number += 1

    @classmethod
    def to_resume(cls, parent: Path, wanted: str, name: str) -> RunFolder:
        """Return the run to go on with.

        Args:
            parent: Where the runs are.
            wanted: ``latest`` for the newest run of this name that has a checkpoint, or a run's folder.
            name: Of the recipe.

        Raises:
            ValueError: If there is no such run, or it has no checkpoint.
        """
        if wanted != "latest":
            run = cls(Path(wanted))
            if latest_checkpoint(run.checkpoints) is None:
                raise ValueError(f"{wanted} is no run with a checkpoint; give a run's folder, or 'latest'")
            return run
        for run in cls.all_of(parent, name):
            if latest_checkpoint(run.checkpoints) is not None:
                return run
        raise ValueError(f"no run of '{name}' in {parent} has a checkpoint to go on from; start without --resume")

    @classmethod
    def all_of(cls, parent: Path, name: str) -> list[RunFolder]:
        """Return the runs of a name, the newest first."""
        paths = [path for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
        found = [(int(m[1]), path) for path in paths if (m := _RUN.fullmatch(path.name)) and m[2] == name]
        return [cls(path) for _, path in sorted(found, reverse=True)]

    @property
    def checkpoints(self) -> Path:
        """What to go on from."""
        return self.path / "checkpoints"

    @property
    def records(self) -> Path:
        """What happened, a line of JSON for each interval."""
        return self.path / "stats.jsonl"

    @property
    def recipe(self) -> Path:
        """The recipe as it composed."""
        return self.path / "recipe.yaml"

    def pictures(self, output: str, images: int) -> Path:
        """Where the pictures of an output at a moment go."""
        return self.path / "pictures" / f"{output}-{images:09d}.png"

    def model(self, images: int) -> Path:
        """Where the model folder of a moment goes."""
        return self.path / "models" / f"{images:09d}"
