"""A small model with directions, to make avatars with."""

from __future__ import annotations

import torch

from aetherist.components.styles import Direction, DirectionSet

SMALL = [
    "settings.resolution=32",
    "components.superres.input_resolution=16",
    "components.rays.resolution=8",
    "components.renderer.samples=4",
    "components.renderer.importance_samples=4",
]

RANGES = {"age": (-2.0, 2.0), "ethnicity.asian": (0.0, 1.0)}


def some_directions(digest: str, width: int) -> DirectionSet:
    """Return directions as plain as they can be: an axis each."""
    generator = torch.Generator().manual_seed(0)
    names = ("age", "smile", "ethnicity.asian", "ethnicity.european")
    steps = {name: torch.randn(width, generator=generator) for name in names}
    return DirectionSet([Direction.of_step(name, step, range=RANGES.get(name)) for name, step in steps.items()], digest)
