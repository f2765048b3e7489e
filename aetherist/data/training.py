"""A data set as a trainer asks for it: single fields of single images."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aetherist.data.dataset import ImageDataset

ATTRIBUTE = "attributes."
"""Prefix of the fields that are attributes, such as ``attributes.age``."""


class TrainingData:
    """The fields of a data set that a training names.

    Args:
        path: The folder or zip.
        wanted: The fields that will be read; masks and depths are decoded only where they are among them.
        resolution: Side of the pictures; as they are if not given.

    Raises:
        ValueError: If the data set is malformed or lacks one of the fields.
    """

    def __init__(self, path: Path, wanted: Collection[str], resolution: int | None = None) -> None:
        masks, depths = "mask" in wanted, "depth" in wanted
        # Mirrored items are the second half; whether they are used is the training's choice.
        self.dataset = ImageDataset(path, resolution, mirror=True, masks=masks, depths=depths)
        self.cameras = self.dataset.cameras
        self.attributes = _numbers([record.attributes for record in self.dataset.records])
        present = self.dataset[0].keys()
        self.fields = sorted({*present, *(f"{ATTRIBUTE}{name}" for name in self.attributes)})

    def __len__(self) -> int:
        return len(self.dataset.records)

    def read(self, index: int, fields: Collection[str], mirrored: bool) -> dict[str, Tensor]:
        """Return fields of an image, mirrored if asked."""
        item = index + len(self) * mirrored
        row: dict[str, Tensor] = {"camera": self.cameras[item]}
        row |= {f"{ATTRIBUTE}{name}": values[index] for name, values in self.attributes.items()}
        if any(field not in row for field in fields):
            row |= self.dataset[item]
        return {name: row[name] for name in fields}


def _numbers(attributes: list[dict[str, Any]]) -> dict[str, Tensor]:
    """Return the attributes that are a number for every image, or equally many numbers."""
    columns = {name: [each.get(name) for each in attributes] for name in attributes[0]}
    return {
        name: torch.tensor(values, dtype=torch.float32)
        for name, values in columns.items()
        if (count := _count(values[0])) is not None and all(_count(value) == count for value in values)
    }


def _count(value: Any) -> int | None:
    """Return how many numbers a list has, 0 for a single number, ``None`` for anything else."""
    if isinstance(value, int | float):
        return 0
    listed = isinstance(value, list) and value and all(isinstance(item, int | float) for item in value)
    return len(value) if listed else None
