"""What pictures go through before a discriminator sees them: blur, and augmentation that leaves the pose alone."""

from aetherist.components.augmentation.adaptive import AdaptiveAugmentation
from aetherist.components.augmentation.blur import GaussianBlur

__all__ = ["AdaptiveAugmentation", "GaussianBlur"]
