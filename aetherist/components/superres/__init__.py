"""Super-resolution of rendered pictures."""

from aetherist.components.superres.upsampler import SuperResolution

__all__ = ["SuperResolution"]
