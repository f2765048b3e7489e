"""``stats.jsonl``: what happened, a line for each interval; and TensorBoard for those who have it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import attrs

from aetherist.graphs.training.events import Event, Started, Stepped


class Records:
    """Writes intervals as lines of JSON. Lines after the checkpoint that is gone on from are dropped.

    Args:
        path: The file; created if need be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, event: Event) -> None:
        """Write down an event."""
        if isinstance(event, Started):
            self._cut(event.images)
        elif isinstance(event, Stepped):
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_finite(attrs.asdict(event))) + "\n")

    def _cut(self, images: int) -> None:
        if not self.path.exists():
            return
        kept = [line for line in read_records(self.path) if line["images"] <= images]
        draft = self.path.with_name(f".{self.path.name}.part")
        draft.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        draft.replace(self.path)


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of records; a line that was being written when the process was killed is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def tensorboard(folder: Path) -> Any:
    """Return an observer that writes for TensorBoard, or ``None`` if its package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    writer = SummaryWriter(str(folder))

    def observe(event: Event) -> None:
        if isinstance(event, Stepped):
            numbers = {**event.terms, "images_per_second": event.speed, "memory": event.memory}
            numbers |= {f"lr/{name}": value for name, value in event.rates.items()}
            numbers |= {f"control/{name}": value for name, value in event.controls.items()}
            for name, value in numbers.items():
                writer.add_scalar(name.replace(".", "/"), value, event.images)
            writer.flush()

    return observe


def _finite(data: Any) -> Any:
    """Replace what JSON has no number for by its name."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data
