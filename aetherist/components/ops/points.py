"""Points at which a field is asked whether it is smooth."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from aetherist.components.ops.noise import normal, uniform
from aetherist.components.types import Points, Seeds
from aetherist.core import Component, ComponentConfig, component

_PLACES, _STEPS, _OFFSET = 1002, 1003, 1004


class PointPairs(NamedTuple):
    """Points, and one neighbour of each."""

    points: Points["B count 3"]
    neighbours: Points["B count 3"]


@component("points.pairs")
class PointPairsAtRandom(Component):
    """Draw points in a cube, and a neighbour of each, for ``loss.density_smoothness``.

    Chan et al. 2022, supplement, "density regularization".
    """

    class Config(ComponentConfig):
        """How many, where, and how far apart."""

        count: PositiveInt = 1000
        """Points a row."""
        extent: PositiveFloat = 1.0
        """Half the side of the cube, which is centred at the origin, in world units."""
        distance: NonNegativeFloat = 0.004
        """Standard deviation of a neighbour's coordinates from its point's."""

    config: Config

    def forward(self, seeds: Seeds["B"]) -> PointPairs:
        """Return uniform points, and the same points moved by normal steps."""
        config = self.config
        positions = torch.arange(config.count * 3, device=seeds.device).reshape(config.count, 3)
        points = (2.0 * uniform(seeds, positions, _PLACES) - 1.0) * config.extent
        return PointPairs(points, points + config.distance * normal(seeds, positions, _STEPS))


@component("points.lattice")
class PointLattice(Component):
    """Lay a regular lattice of points into a cube, for ``loss.density_tv``; a seed shifts the whole of it.

    Shifted anew at every step, a coarse lattice comes to see everything between its points.
    """

    class Config(ComponentConfig):
        """How fine, and where."""

        resolution: PositiveInt = 16
        """Points along each edge."""
        extent: PositiveFloat = 1.0
        """Half the side of the cube, which is centred at the origin, in world units."""

        @property
        def point_count(self) -> int:
            """Points in all."""
            return self.resolution**3

    config: Config

    def forward(self, seeds: Seeds["B"]) -> Points["B point_count 3"]:
        """Return the points, the last coordinate running fastest; a cell is its point shifted by up to its side."""
        side = self.config.resolution
        steps = torch.arange(side, device=seeds.device)
        lattice = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"), dim=-1).reshape(-1, 3)
        shift = uniform(seeds, torch.arange(3, device=seeds.device), _OFFSET)
        return ((lattice + shift[:, None]) * (2.0 / side) - 1.0) * self.config.extent
