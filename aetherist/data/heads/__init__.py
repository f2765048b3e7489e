"""Heads without photographs: parametric people, rendered from exact cameras with their ground truth.

Read it in this order: ``attributes`` (what is known of a head), ``morphs`` and ``mesh`` (its shape), ``appearance``
(its colours), ``hairstyles``, ``hair`` and ``fuzz`` (what grows on it), ``head`` (all of it together), ``lighting``,
``renderer`` (the picture), ``plan`` and ``dataset`` (many of them). Rendering needs the extra ``heads``.
"""

from aetherist.data.heads.attributes import Attributes, sample_attributes, vary
from aetherist.data.heads.cameras import CameraDistribution
from aetherist.data.heads.dataset import Progress, render_heads
from aetherist.data.heads.head import Head, build_head
from aetherist.data.heads.lighting import sample_background, sample_light
from aetherist.data.heads.renderer import NoRendererError, Renderer, View

__all__ = [
    "Attributes",
    "CameraDistribution",
    "Head",
    "NoRendererError",
    "Progress",
    "Renderer",
    "View",
    "build_head",
    "render_heads",
    "sample_attributes",
    "sample_background",
    "sample_light",
    "vary",
]
