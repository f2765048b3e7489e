"""Pictures of what directions do: the same people at every strength."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from aetherist.components.styles import Direction
from aetherist.graphs.styles.people import People


def strip(people: People, direction: Direction, styles: Tensor, strengths: Sequence[float], batch: int = 8) -> Tensor:
    """Return pictures of people at strengths, 0 among them, from least to greatest: ``(N, S, 3, H, W)`` uint8.

    Args:
        people: Of the model.
        direction: To go along.
        styles: Of the people, ``(N, L, D)``.
        strengths: Where to stop.
        batch: Pictures at a time.
    """
    order = sorted({*strengths, 0.0})
    shift = direction.shift(styles.shape[1])
    edited = torch.stack([styles + shift * strength for strength in order], dim=1)
    images = torch.cat(list(people.seen(edited.flatten(0, 1), batch))).cpu()
    pixels = (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    return pixels.reshape(len(styles), len(order), *pixels.shape[1:])
