"""Where to begin: who of a few looks most like the photograph, and from where."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import attrs
import torch
from torch import Tensor

from aetherist.graphs.inversion.objective import Objective, numbers
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.inversion.space import StyleSpace

YAWS = tuple(math.radians(degrees) for degrees in (-60, -40, -20, 0, 20, 40, 60))
PITCHES = tuple(math.radians(degrees) for degrees in (-20, 0, 20))

_HALVINGS = 2
"""How often the grid of poses is made finer, around the best pose so far."""

Angles = tuple[float, float]
"""Yaw and pitch, in radians."""


@attrs.frozen(eq=False)
class Start:
    """Where to begin.

    Attributes:
        coordinates: Of the person, ``(K,)``.
        angles: Of the camera, where it was to be found.
        loss: How far from the photograph that is.
    """

    coordinates: Tensor
    angles: Angles | None
    loss: float


def search(
    sight: Sight,
    space: StyleSpace,
    objective: Objective,
    *,
    camera: Tensor | None,
    candidates: Tensor,
    tell: Callable[[int, int, float], None],
) -> Start:
    """Try the average person and the candidates; and poses, coarse to fine, where the camera is not known.

    The poses are tried with the average person first, the people in the best pose, then finer poses with the best of
    them.

    Args:
        sight: Of the model; on ``camera`` if that is given.
        space: Of the model.
        objective: Of the photograph.
        camera: ``None`` to find it.
        candidates: Coordinates ``(N, K)`` of people.
        tell: Told how many pictures were compared, of how many, and the least distance.
    """
    grid = list(itertools.product(YAWS, PITCHES)) if camera is None else []
    total = len(grid) + len(candidates) + (0 if grid else 1) + (8 * _HALVINGS if grid else 0)
    best = Start(torch.zeros(space.size, device=space.axes.device), None, math.inf)
    done = 0

    def compared(found: Start) -> None:
        nonlocal best, done
        done += 1
        if found.loss < best.loss:
            best = found
        tell(done, total, best.loss)

    def poses(person: Tensor, angles: Sequence[Angles]) -> None:
        shown = sight.views(space.styles(person), [sight.camera(*each) for each in angles])
        for each, picture in zip(angles, shown, strict=True):
            compared(Start(person, each, distance(objective, picture)))

    if grid:
        poses(best.coordinates, grid)
    people = candidates if grid else torch.cat([best.coordinates[None], candidates])
    seen_from = camera if best.angles is None else sight.camera(*best.angles)
    assert seen_from is not None
    for person in people:
        (picture,) = sight.views(space.styles(person), [seen_from])
        compared(Start(person, best.angles, distance(objective, picture)))
    step = (YAWS[1] - YAWS[0], PITCHES[1] - PITCHES[0])
    for halving in range(1, _HALVINGS + 1 if grid else 0):
        assert best.angles is not None
        near = [step[0] / 2**halving, step[1] / 2**halving]
        around = [(a, b) for a, b in itertools.product((-1, 0, 1), repeat=2) if (a, b) != (0, 0)]
        poses(best.coordinates, [(best.angles[0] + a * near[0], best.angles[1] + b * near[1]) for a, b in around])
    return best


@torch.no_grad()
def distance(objective: Objective, shown: dict[str, Tensor]) -> float:
    """Return how far rough pictures are from the photograph."""
    return sum(numbers(objective(shown, whole=False)).values())
