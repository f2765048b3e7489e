"""The arithmetic that components share, the converters of picture ranges, and what losses are evaluated on."""

from aetherist.components.ops.images import ImageToSigned, ImageToUnit
from aetherist.components.ops.leaves import ImageInterpolate, ImageRequiresGrad
from aetherist.components.ops.points import PointLattice, PointPairs, PointPairsAtRandom

__all__ = [
    "ImageInterpolate",
    "ImageRequiresGrad",
    "ImageToSigned",
    "ImageToUnit",
    "PointLattice",
    "PointPairs",
    "PointPairsAtRandom",
]
