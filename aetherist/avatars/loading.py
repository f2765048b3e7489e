"""From a name to a model that makes avatars."""

from __future__ import annotations

from pathlib import Path

import torch

from aetherist.avatars.edits import Directions
from aetherist.avatars.model import MEMORY, AvatarModel
from aetherist.graphs.model import Model


def load(
    source: str | Path,
    *,
    device: str | torch.device | None = None,
    directions: Directions | None = None,
    memory: int = MEMORY,
) -> AvatarModel:
    """Load a model that makes avatars."""
    return AvatarModel(Model.open(source).to(device), directions=directions, memory=memory)
