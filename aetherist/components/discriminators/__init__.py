"""Discriminators."""

from aetherist.components.discriminators.dual import DualDiscriminator
from aetherist.components.discriminators.layers import (
    ConvLayer,
    DiscriminatorBlock,
    Epilogue,
    MinibatchStdLayer,
)
from aetherist.components.discriminators.multiscale import Judgement, MultiScaleDiscriminator
from aetherist.components.discriminators.residual import CameraMapping, ResidualConfig, ResidualDiscriminator
from aetherist.components.discriminators.single import SingleDiscriminator

__all__ = [
    "CameraMapping",
    "ConvLayer",
    "DiscriminatorBlock",
    "DualDiscriminator",
    "Epilogue",
    "Judgement",
    "MinibatchStdLayer",
    "MultiScaleDiscriminator",
    "ResidualConfig",
    "ResidualDiscriminator",
    "SingleDiscriminator",
]
