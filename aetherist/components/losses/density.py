"""Smoothness of the density field."""

from __future__ import annotations

from pydantic import Field
from torch.nn import functional as F

from aetherist.components.types import Density, Loss
from aetherist.core import Component, ComponentConfig, component


@component("loss.density_smoothness")
class DensitySmoothness(Component):
    """Make the density at a point that of its neighbour: fewer floaters and seams.

    The mean absolute difference, before the softplus. Wire the densities at the two outputs of ``points.pairs``. Chan
    et al. 2022, supplement; its weight there is 0.25.
    """

    def forward(self, density: Density["B N 1"], neighbours: Density["B N 1"]) -> Loss[""]:
        """Return the mean absolute difference; 0 for a field that is the same everywhere."""
        return F.l1_loss(density, neighbours)


@component("loss.density_tv")
class DensityTV(Component):
    """Make the density vary little over a lattice: its total variation along the three axes.

    The mean absolute difference of neighbours, before the softplus, added over the axes. Wire the density at
    ``points.lattice`` of the same resolution. Rudin, Osher and Fatemi 1992, in the form of L1 along each axis.
    """

    class Config(ComponentConfig):
        """Size of the lattice."""

        resolution: int = Field(16, ge=2)
        """Points along each edge, 2 at least."""

        @property
        def point_count(self) -> int:
            """Points in all."""
            return self.resolution**3

    config: Config

    def forward(self, density: Density["B point_count 1"]) -> Loss[""]:
        """Return the total variation; 0 for a field that is the same everywhere."""
        side = self.config.resolution
        field = density.reshape(-1, side, side, side)
        x, y, z = (field.diff(dim=axis).abs().mean() for axis in (1, 2, 3))
        return x + y + z
