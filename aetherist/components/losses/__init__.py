"""Losses: numbers to minimise, each made of one idea; a recipe adds them up."""

from aetherist.components.losses.adversarial import (
    HingeDiscriminator,
    HingeGenerator,
    NonsaturatingDiscriminator,
    NonsaturatingGenerator,
    WassersteinDiscriminator,
    WassersteinGenerator,
)
from aetherist.components.losses.density import DensitySmoothness, DensityTV
from aetherist.components.losses.features import FeatureMatching, Identity, Perceptual
from aetherist.components.losses.lpips import LPIPS
from aetherist.components.losses.multiview import Consistency, MultiviewConsistency
from aetherist.components.losses.penalties import R1, GradientPenalty, PathLength, squared_slopes
from aetherist.components.losses.pictures import L1, DepthLoss, MaskLoss
from aetherist.components.losses.weighted import WeightedSum, WeightedTerms

__all__ = [
    "L1",
    "LPIPS",
    "R1",
    "Consistency",
    "DensitySmoothness",
    "DensityTV",
    "DepthLoss",
    "FeatureMatching",
    "GradientPenalty",
    "HingeDiscriminator",
    "HingeGenerator",
    "Identity",
    "MaskLoss",
    "MultiviewConsistency",
    "NonsaturatingDiscriminator",
    "NonsaturatingGenerator",
    "PathLength",
    "Perceptual",
    "WassersteinDiscriminator",
    "WassersteinGenerator",
    "WeightedSum",
    "WeightedTerms",
    "squared_slopes",
]
