"""Short hairs of the face: eyebrows, lashes, beard. They sit on the face that smiles, not on the neutral one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads import regions
from aetherist.data.heads.appearance import hair_colour, linear, strand_colours
from aetherist.data.heads.attributes import Attributes
from aetherist.data.heads.hair import Ground, Strands
from aetherist.data.heads.mesh import unit
from aetherist.data.heads.morphs import Vertices, load
from aetherist.data.heads.seeds import stream

Array = NDArray[np.float64]
_POINTS = 5
_ALONG = np.linspace(0, 1, _POINTS)[None, :, None]


def _short(points: Array, normals: Array, heading: Array, length: Array, lift: float) -> Array:
    """Return short strands ``(n, k, 3)`` that leave the skin at an angle and bend back to it."""
    flat = unit(heading - (heading * normals).sum(1, keepdims=True) * normals)
    rise = normals[:, None] * (lift * _ALONG - 0.7 * lift * _ALONG**2)
    return points[:, None] + length[:, None, None] * (_ALONG * flat[:, None] + rise)


def brow_shape(attributes: Attributes, seed: int) -> Array:
    """Return the height, arch and thickness of the eyebrows; men's are thicker."""
    random = stream(seed, "brow shape")
    thickness = random.uniform(0.7, 1.1) * (1.1 - 0.35 * attributes.gender)
    return np.array([random.normal(0, 0.016), random.uniform(0.6, 1.3), thickness])


def eyebrows(attributes: Attributes, seed: int, ground: Ground) -> Strands:
    """Return the hairs of the eyebrows, old ones wilder; the skin below is tinted by the renderer."""
    random = stream(seed, "eyebrows")
    height, arch, thickness = brow_shape(attributes, seed)
    count = int(480 * thickness)
    weights = regions.brow(ground.canonical, height, arch, thickness)
    points, normals, places = ground.scatter(weights, count, random)
    along = np.clip((np.abs(places[:, 0]) - 0.1) / 0.45, 0, 1)
    heading = np.stack([np.sign(places[:, 0]), 0.8 - 1.5 * along, 0 * along], 1)
    wild = 0.16 + 0.12 * float(np.clip((attributes.age - 55) / 25, 0, 1))
    heading += wild * random.standard_normal((count, 3))
    strands = _short(points, normals, heading, 0.085 * random.uniform(0.6, 1.15, count), 0.25)
    _, average = hair_colour(attributes, seed)
    colours = (0.75 * average + 0.03 * (1 + 2 * attributes.european)) * np.exp(
        0.15 * random.standard_normal((count, 1))
    )
    open_ = np.broadcast_to(random.uniform(0.55, 0.8, (count, 1)), (count, _POINTS))
    return Strands(strands, open_, colours, np.full(count, 0.0013))


def beard(attributes: Attributes, seed: int, ground: Ground, lips: Array, mouth: Array) -> Strands | None:
    """Return the beard, from half an inch of stubble to a full one; nothing below that, where paint is enough."""
    if attributes.beard < 0.5:
        return None
    random = stream(seed, "beard")
    weights = regions.beard(ground.canonical) * (1 - np.clip(1.6 * lips, 0, 1)) * (1 - np.clip(2 * mouth, 0, 1))
    size = (attributes.beard - 0.5) * 2
    count = int(11000 + 3000 * size)
    points, normals, places = ground.scatter(weights, count, random)
    moustache = places[:, 1] > 6.66
    outward = 1.1 * np.sign(places[:, 0]) * np.clip(2.5 * np.abs(places[:, 0]), 0, 1) * moustache
    heading = np.stack([outward, -np.ones(count), np.full(count, 0.1)], 1) + 0.35 * random.standard_normal((count, 3))
    throat = regions.smoothstep(6.42, 6.15, places[:, 1])
    length = (0.022 + 0.15 * size**1.3 * (1 - 0.45 * moustache) * (1 - 0.7 * throat)) * random.uniform(0.6, 1.15, count)
    strands = _short(points, normals, heading, length, 0.45)
    strands += (size * 0.05 * _ALONG**2) * np.array([0, -1.0, 0.1])
    depth = random.uniform(0.45, 0.95, (count, 1)) * (0.7 + 0.3 * _ALONG[..., 0])
    colours = 1.1 * strand_colours(attributes, seed, count, "beard") + 0.006
    return Strands(strands, depth, colours, np.full(count, 0.0016 + 0.0008 * size))


def lashes(attributes: Attributes, seed: int, vertices: Vertices) -> Strands:
    """Return the lashes of the four lids, which grow from the strips that the base mesh has for them."""
    random = stream(seed, "lashes")
    parts = []
    for side in ("left", "right"):
        for row, count, share, bend in (("upper", 90, 1.0, 0.035), ("lower", 60, 0.55, -0.02)):
            roots, tips = vertices[load()[f"{side}_{row}_lashes"]]
            place = np.sort(random.random(count)) * (len(roots) - 1)
            low = np.minimum(place.astype(int), len(roots) - 2)
            rest = (place - low)[:, None]
            root = roots[low] * (1 - rest) + roots[low + 1] * rest
            tip = tips[low] * (1 - rest) + tips[low + 1] * rest
            fullness = 0.65 + 0.35 * attributes.gender
            length = (fullness * share * random.uniform(0.6, 1.1, count))[:, None, None]
            curved = root[:, None] + length * (tip - root)[:, None] * _ALONG
            curved = curved + length * np.array([0, bend, 0]) * _ALONG**2 * fullness
            parts.append(curved + 0.004 * random.standard_normal((count, 1, 3)) * _ALONG)
    points = np.concatenate(parts)
    colours = np.tile(linear(24, 17, 14), (len(points), 1))
    return Strands(points, np.full(points.shape[:2], 0.5), colours, np.full(len(points), 0.0018))


def join(parts: list[Strands]) -> Strands:
    """Return strands of equally many points as one, in a fixed random order, so that a first part thins all alike."""
    order = np.random.default_rng(0).permutation(sum(len(part.points) for part in parts))
    fields = ("points", "open", "colours", "widths")
    return Strands(*(np.concatenate([getattr(part, field) for part in parts])[order] for field in fields))
