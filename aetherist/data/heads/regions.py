"""Where things are on the template head: scalp, brows, beard, lips.

Regions are functions of the template's coordinates (decimetres, y up, facing +z), so they move with every morph.
Each returns weights from 0 to 1, one for each point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.bake import MASKS
from aetherist.data.heads.mesh import Part
from aetherist.data.heads.morphs import load

Weights = NDArray[np.float64]
Points = NDArray[np.float64]

SKULL = np.array([0.0, 7.35, 0.35])
"""The middle of the skull, which hair grows away from."""


def smoothstep(low: float, high: float, x: Weights) -> Weights:
    """Return 0 below ``low``, 1 above ``high`` (or the other way round), and a smooth rise between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def scalp(points: Points, recession: float = 0.0) -> Weights:
    """Return where hair grows; ``recession`` from 0 to 1 moves the hairline of forehead and crown back."""
    offset = points - SKULL
    azimuth = np.abs(np.arctan2(offset[:, 0], offset[:, 2]))
    elevation = np.arcsin(offset[:, 1] / np.linalg.norm(offset, axis=1))
    front = 0.62 - 0.02 * azimuth / 0.9
    temple = 0.60 - 0.65 * smoothstep(0.90, 1.30, azimuth)
    above_ear = -0.05 + 0.10 * (azimuth - 1.35) / 0.55
    nape = 0.05 - 0.67 * smoothstep(1.9, 2.5, azimuth)
    line = np.select([azimuth < 0.9, azimuth < 1.35, azimuth < 1.9], [front, temple, above_ear], nape)
    # A receding line keeps a peak in the middle and draws back beside it.
    line = line + recession * (0.16 + 0.22 * np.exp(-(((azimuth - 0.55) / 0.3) ** 2))) * smoothstep(1.3, 0.8, azimuth)
    crown = np.exp(-(((elevation - 1.15) / 0.32) ** 2)) * smoothstep(1.2, 2.4, azimuth)
    hairy: Weights = smoothstep(-0.06, 0.08, elevation - line) * (1 - 0.8 * recession * crown)
    return hairy


def brow(points: Points, height: float, arch: float, thickness: float) -> Weights:
    """Return where the eyebrows grow: a band that thins outwards."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    along = (x - 0.11) / 0.47
    middle = 7.462 + height + 0.07 * np.sin(np.clip(along, 0, 1) * 2.4) * arch
    half = (0.026 - 0.017 * smoothstep(0.35, 1, along)) * thickness
    band = 1 - smoothstep(0.6, 1.15, np.abs(y - middle) / half)
    return band * smoothstep(-0.05, 0.12, along) * smoothstep(1.05, 0.85, along) * smoothstep(0.9, 1.15, z)


def beard(points: Points) -> Weights:
    """Return where a beard grows: moustache, chin, jaw, with the bare spots beside the mouth and under the lip."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    below = smoothstep(6.90, 6.70, y - 0.30 * smoothstep(0.50, 0.78, x))
    area = below * smoothstep(0.77, 0.71, x) * smoothstep(6.08, 6.30, y) * smoothstep(0.50, 0.68, z)
    philtrum = np.exp(-(np.linalg.norm((points - [0, 6.82, 1.6]) / [0.07, 0.09, 0.2], axis=1) ** 2))
    beside = smoothstep(6.72, 6.8, y) * smoothstep(0.28, 0.34, x) * smoothstep(0.75, 0.55, x)
    bearded: Weights = area * (1 - 0.85 * philtrum) * (1 - 0.9 * beside)
    return bearded


def cloth_height(points: Points) -> Weights:
    """Return the height to compare with a neckline: a collar is lower before the throat than over the shoulders."""
    x = np.abs(points[:, 0])
    return points[:, 1] - 0.16 * smoothstep(0, 0.9, x) - 0.50 * smoothstep(0.7, 1.4, x)


def painted(part: Part) -> dict[str, Weights]:
    """Return the painted masks (lips, eyelids, ears, inside-mouth) at the points of a part."""
    pictures = load()["masks"].astype(np.float64) / 255
    size = len(pictures)
    column, row = np.clip((part.uv * (size - 1)).astype(int), 0, size - 1).T
    masks = {}
    for channel, name in enumerate(MASKS):
        weights = np.zeros(int(part.draw.max()) + 1)
        np.maximum.at(weights, part.draw, pictures[row, column, channel])
        masks[name] = weights
    return masks
