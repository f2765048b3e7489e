"""Where to begin: from where the photograph may be taken, and who of a few looks most like it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

import attrs
import torch
from torch import Tensor

from aetherist.graphs.inversion.objective import Objective, numbers
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.inversion.space import StyleSpace

YAWS = tuple(math.radians(degrees) for degrees in (-60, -40, -20, 0, 20, 40, 60))
PITCHES = tuple(math.radians(degrees) for degrees in (-20, 0, 20))

CROWD = 5
"""People who are looked at from all poses: what one has in common with a photograph may be hair, not pose."""

POSES = 3
"""The best poses are all tried."""

Angles = tuple[float, float]
"""Yaw and pitch, in radians."""


@attrs.frozen(eq=False)
class Start:
    """Where to begin.

    Attributes:
        coordinates: Of the person, ``(K,)``.
        angles: Of the camera, where it is to be found.
        loss: How far from the photograph that is.
    """

    coordinates: Tensor
    angles: Angles | None
    loss: float


class Search:
    """Compares pictures of a few people with a photograph, at the raw resolution and without gradients.

    Args:
        sight: Of the model.
        space: Of the model.
        objective: Of the photograph.
        people: Coordinates ``(N, K)``; the first is the average person.
        tell: Told how many pictures were compared, and the least distance.
    """

    def __init__(
        self,
        sight: Sight,
        space: StyleSpace,
        objective: Objective,
        people: Tensor,
        tell: Callable[[int, float], None],
    ) -> None:
        self.sight, self.space, self.objective, self.people = sight, space, objective, people
        self._tell = tell
        self._done = 0
        self._least = math.inf

    @classmethod
    def total(cls, people: int, *, posed: bool) -> int:
        """Return how many pictures are compared."""
        poses = len(YAWS) * len(PITCHES)
        return poses * min(people, CROWD) + POSES * max(people - CROWD, 0) if posed else people

    def people_from(self, camera: Tensor) -> Start:
        """Return who looks most like the photograph from a camera ``(1, 25)``."""
        losses = [sum(self._compared(person, [camera])[0].values()) for person in self.people]
        best = min(range(len(losses)), key=losses.__getitem__)
        return Start(self.people[best], None, losses[best])

    def poses(self) -> list[Start]:
        """Return the best few poses, each with who looks most like the photograph from there; the best first.

        Poses are ranked by what a network sees, averaged over a few people, which hangs on the pose more than on who
        they are; by pixels, which tell much less, where there is no network.
        """
        grid = list(itertools.product(YAWS, PITCHES))
        cameras = [self.sight.camera(*angles) for angles in grid]
        crowd = [self._compared(person, cameras) for person in self.people[:CROWD]]
        term = "perceptual" if "perceptual" in crowd[0][0] else "pixels"
        seen = [sum(terms[pose][term] for terms in crowd) for pose in range(len(grid))]
        starts = []
        for pose in sorted(range(len(grid)), key=seen.__getitem__)[:POSES]:
            losses = [sum(terms[pose].values()) for terms in crowd]
            losses += [sum(self._compared(each, [cameras[pose]])[0].values()) for each in self.people[CROWD:]]
            best = min(range(len(losses)), key=losses.__getitem__)
            starts.append(Start(self.people[best], grid[pose], losses[best]))
        return starts

    def _compared(self, person: Tensor, cameras: list[Tensor]) -> list[Mapping[str, float]]:
        """Return the terms of one person's picture from each camera."""
        found: list[Mapping[str, float]] = []
        for shown in self.sight.views(self.space.styles(person), cameras):
            with torch.no_grad():
                found.append(numbers(self.objective(shown, whole=False)))
            self._done += 1
            self._least = min(self._least, sum(found[-1].values()))
            self._tell(self._done, self._least)
        return found
