"""Discriminators."""

from aetherist.components.discriminators.dual import DualDiscriminator
from aetherist.components.discriminators.layers import (
    ConvLayer,
    DiscriminatorBlock,
    Epilogue,
    MinibatchStdLayer,
)

__all__ = ["ConvLayer", "DiscriminatorBlock", "DualDiscriminator", "Epilogue", "MinibatchStdLayer"]
