"""The arithmetic that components share, and the converters of picture ranges."""

from aetherist.components.ops.images import ImageToSigned, ImageToUnit

__all__ = ["ImageToSigned", "ImageToUnit"]
