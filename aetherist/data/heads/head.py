"""Puts a head together: attributes and a seed in, everything that is to be drawn out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads import regions
from aetherist.data.heads.appearance import strand_colours, surface
from aetherist.data.heads.attributes import Attributes
from aetherist.data.heads.fuzz import beard, brow_shape, eyebrows, join, lashes
from aetherist.data.heads.hair import Ground, Obstacle, Strands, grow
from aetherist.data.heads.hairstyles import HAIR_STYLES
from aetherist.data.heads.mesh import Part, unit
from aetherist.data.heads.morphs import Morphs, Vertices
from aetherist.data.heads.seeds import stream

ToWorld = Callable[[Vertices], Vertices]
_SCALE = 0.212
"""World units a decimetre for a face of the usual size: the head fills the frame as aligned portraits do."""
_EYE_DEPTH = 0.70
"""How far the eyes lie before the middle of the world, in decimetres; so that the head turns about its own middle."""
_TEETH_SHOWN = np.array([0, -0.035, 0.014])
"""The base mesh keeps the upper teeth so high that no smile would show them."""


@attrs.frozen
class Surface:
    """A mesh to draw: per drawn vertex, arrays of ``(N, ...)`` by the shader's names, and triangles ``(F, 3)``.

    ``position`` is in world units and ``normal`` is unit.
    """

    attributes: dict[str, NDArray[np.float64]]
    triangles: NDArray[np.int32]


@attrs.frozen
class Head:
    """A head in world units, ready for the renderer."""

    skin: Surface
    eyes: Surface
    teeth: Surface
    tongue: Surface
    hair: Strands | None
    fuzz: Strands
    uniforms: dict[str, Any]


@cache
def anatomy() -> tuple[Morphs, dict[str, Part], dict[str, NDArray[np.float64]], Vertices]:
    """Return what all heads share, made once a process: morphs, parts, painted masks, the template's skin."""
    morphs = Morphs()
    parts = {"skin": Part("skin", 1), "tongue": Part("tongue", 1)}
    parts |= {name: Part(name, 2) for name in ("left_eye", "right_eye", "teeth")}
    return morphs, parts, regions.painted(parts["skin"]), parts["skin"].points(morphs.template)


def build_head(attributes: Attributes, seed: int) -> Head:
    """Make the head of an identity.

    The same seed with other attributes gives the same person otherwise: every choice has its own stream of chance.
    """
    morphs, parts, painted, canonical = anatomy()
    skin_part = parts["skin"]
    neutral = morphs.mix(morphs.identity(attributes, seed))
    expression = morphs.mix(morphs.expression(attributes, seed)) - morphs.template
    moved = neutral + expression
    # Placed by the neutral face, so that a smile does not move the head.
    shift = morphs.align(neutral)
    neutral, moved = neutral + shift, moved + shift
    to_world, scale = placement(morphs, neutral, skin_part.points(neutral)[painted["lips"] > 0.5].mean(0))

    uniforms = surface(attributes, seed)
    points = skin_part.points(moved)
    normals = skin_part.normals(points)
    neckline, height = uniforms["neckline"], regions.cloth_height(canonical)
    points = points + 0.05 * normals * regions.smoothstep(neckline + 0.03, neckline - 0.03, height)[:, None]

    scalp = regions.scalp(canonical, recession(attributes, seed)) * (1 - painted["ears"])
    ground = Ground(points, normals, canonical, skin_part)
    hair = None
    if attributes.hair_style != "bald":
        still = skin_part.points(neutral)
        hair = _grow_hair(attributes, seed, Ground(still, skin_part.normals(still), canonical, skin_part), scalp)
    fuzz = [eyebrows(attributes, seed, ground), lashes(attributes, seed, moved)]
    whiskers = beard(attributes, seed, ground, painted["lips"], painted["inside-mouth"])
    if whiskers is not None:
        fuzz.append(whiskers)

    random = stream(seed, "gaze")
    uniforms |= {
        "gaze": unit(np.array([0, -0.02, 1]) + np.array([0.06, 0.04, 0]) * random.standard_normal(3)),
        "brow_shape": brow_shape(attributes, seed),
        "beard": min(1.0, attributes.beard * 1.2),
        "scalp_tint": {"bald": 0.0, "buzz": 0.8, "crop": 0.85}.get(attributes.hair_style, 0.9),
        "hair_center": to_world(regions.SKULL[None])[0],
        "hanging": float(attributes.hair_style in HAIR_STYLES and HAIR_STYLES[attributes.hair_style].face > 0),
    }
    region = np.stack([scalp, regions.beard(canonical), np.ones(len(scalp))], 1)
    skin = {"position": to_world(points), "normal": normals, "canonical": canonical, "region": region}
    skin = {name: array[skin_part.draw] for name, array in skin.items()} | {"uv": skin_part.uv}
    return Head(
        skin=Surface(skin, skin_part.triangles),
        eyes=_join_eyes([_eye(parts[f"{side}_eye"], moved, to_world) for side in ("left", "right")]),
        teeth=_mouth(parts["teeth"], moved, to_world, _TEETH_SHOWN),
        tongue=_mouth(parts["tongue"], moved, to_world, 0 * _TEETH_SHOWN),
        hair=None if hair is None else _placed(hair, to_world, scale),
        fuzz=_placed(join(fuzz), to_world, scale),
        uniforms=uniforms,
    )


def placement(morphs: Morphs, neutral: Vertices, mouth: Vertices) -> tuple[ToWorld, float]:
    """Return the map from decimetres to world units, and its scale.

    Faces are brought to one size and place by their eyes and mouth, most of the way: some are larger than others.
    """
    left, right = morphs.eyes(neutral)
    eyes = (left + right) / 2
    size = 0.5 * np.linalg.norm(left - right) / 0.616 + 0.5 * np.linalg.norm(eyes - mouth) / 0.70
    scale = _SCALE / (0.35 + 0.65 * size)
    middle = eyes + (mouth - eyes) * 0.28
    origin = np.array([0, middle[1], eyes[2] - _EYE_DEPTH])

    def to_world(points: Vertices) -> Vertices:
        placed: Vertices = (points - origin) * scale
        return placed

    return to_world, float(scale)


def recession(attributes: Attributes, seed: int) -> float:
    """Return how far the hairline has drawn back, from 0 to 1: mostly a matter of men and years."""
    luck = stream(seed, "recession").random()
    years = float(np.clip((attributes.age - 32) / 40, 0, 1))
    return float(np.clip(years * (1.5 * luck - 0.15), 0, 1) * (1 - 0.75 * attributes.gender))


def _grow_hair(attributes: Attributes, seed: int, ground: Ground, scalp: NDArray[np.float64]) -> Strands:
    random = stream(seed, "hair")
    style = HAIR_STYLES[attributes.hair_style]
    side = 1 if random.random() < 0.5 else -1
    style = attrs.evolve(style, length=style.length * random.uniform(0.85, 1.18), part=style.part * side)
    thin = 0.35 * float(np.clip((attributes.age - 55) / 30, 0, 1))
    style = attrs.evolve(style, layer=style.layer * (1 - thin), strands=int(style.strands * (1 - thin)))
    strands = grow(style, ground, scalp, random, Obstacle(ground))
    return attrs.evolve(strands, colours=strand_colours(attributes, seed, len(strands.points), "hair"))


def _placed(strands: Strands, to_world: ToWorld, scale: float) -> Strands:
    return attrs.evolve(strands, points=to_world(strands.points), widths=strands.widths * scale)


def _eye(part: Part, vertices: Vertices, to_world: ToWorld) -> Surface:
    points = part.points(vertices)
    offset = points - points.mean(0)
    radius = np.linalg.norm(offset, axis=1).mean()
    fields = {"position": to_world(points), "normal": part.normals(points), "outward": offset / radius}
    return Surface({name: array[part.draw] for name, array in fields.items()}, part.triangles)


def _join_eyes(eyes: list[Surface]) -> Surface:
    left, right = eyes
    fields = {name: np.concatenate([left.attributes[name], right.attributes[name]]) for name in left.attributes}
    shifted = right.triangles + len(left.attributes["position"])
    return Surface(fields, np.concatenate([left.triangles, shifted]).astype(np.int32))


def _mouth(part: Part, vertices: Vertices, to_world: ToWorld, offset: Vertices) -> Surface:
    points, template = part.points(vertices), part.points(anatomy()[0].template)
    points = points + offset
    fields = {"position": to_world(points), "normal": part.normals(points), "canonical": template}
    return Surface({name: array[part.draw] for name, array in fields.items()}, part.triangles)
