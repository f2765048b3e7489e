"""Grows hair: a few hundred guide strands that know the head, and thousands of children between them.

Everything here is in decimetres, in the template's place: y up, facing +z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.hairstyles import HairStyle
from aetherist.data.heads.mesh import Part, unit
from aetherist.data.heads.regions import SKULL, smoothstep

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Array = NDArray[np.float64]
_GUIDES = 900
_DOWN = np.array([0.0, -1.0, 0.0])


@attrs.frozen
class Strands:
    """Hairs as polylines.

    ``points`` ``(n, k, 3)``; ``open`` ``(n, k)``, how much light reaches them; ``colours`` ``(n, 3)``, linear;
    ``widths`` ``(n,)``, half the drawn width.
    """

    points: Array
    open: Array
    colours: Array
    widths: Array


@attrs.frozen
class Ground:
    """Skin to grow on: points, normals and where they are on the template, ``(P, 3)`` each, and the triangles."""

    points: Array
    normals: Array
    canonical: Array
    part: Part

    def scatter(self, weights: Array, count: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
        """Return ``count`` random points, normals and template places, ``(count, 3)`` each, as dense as ``weights``."""
        triangles = self.part.point_triangles
        a, b, c = self.canonical[triangles].swapaxes(0, 1)
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * weights[triangles].mean(1)
        total = area.cumsum()
        chosen = triangles[np.searchsorted(total, random.random(count) * total[-1])]
        shares = random.dirichlet([1, 1, 1], count)[..., None]
        fields = (self.points, self.normals, self.canonical)
        points, normals, places = ((field[chosen] * shares).sum(1) for field in fields)
        return points, unit(normals), places


class Obstacle:
    """The head as something that hair cannot enter."""

    def __init__(self, ground: Ground) -> None:
        from scipy.spatial import cKDTree

        above = ground.canonical[:, 1] > 4.9
        self.points, self.normals = ground.points[above][::2], ground.normals[above][::2]
        self._tree: cKDTree = cKDTree(self.points)

    def nearest(self, points: Array) -> tuple[Array, Array]:
        """Return the signed distance of points ``(N, 3)`` to the skin, and the skin's normal there."""
        rows = self._tree.query(points, workers=1)[1]
        normals = self.normals[rows]
        return ((points - self.points[rows]) * normals).sum(1), normals


def combed(style: HairStyle, points: Array, places: Array) -> Array:
    """Return the direction that hair is combed in at its root, ``(N, 3)``."""
    top = smoothstep(7.7, 8.3, places[:, 1])[:, None]
    # The parting ends at the crown.
    away = np.sign(points[:, :1] - style.part) * np.array([1.0, 0, 0]) * smoothstep(-0.5, 0.15, places[:, 2:])
    comb: Array = style.sideways * away * top + style.back * np.array([0, 0, -1.0]) * (0.3 + 0.7 * top)
    comb = comb + style.forward * np.array([0, -0.35, 1.0]) * top
    comb += _DOWN * (style.down * (1 - 0.75 * top) + 0.15)
    return comb


def lengths(style: HairStyle, places: Array, random: np.random.Generator) -> Array:
    """Return the length of hairs by where they grow, ``(N,)``."""
    uneven = np.clip(1 + style.uneven * random.standard_normal(len(places)), 0.35, 1.6)
    sides = 1 - style.taper * (1 - smoothstep(7.40, 8.20, places[:, 1]))
    forehead = smoothstep(0.55, 0.80, places[:, 2]) * smoothstep(0.75, 0.5, np.abs(places[:, 0]))
    length: Array = style.length * uneven * sides * (1 - (1 - style.front) * forehead)
    return length


def grow(style: HairStyle, ground: Ground, density: Array, random: np.random.Generator, obstacle: Obstacle) -> Strands:
    """Return a head of hair without colours; ``density`` is the weight of each skin point."""
    roots, normals, places = ground.scatter(density, _GUIDES, random)
    guides = _grow_guides(style, roots, normals, places, random, obstacle)
    if style.bun:
        guides = _pull_back(guides, obstacle)
    child_roots, child_normals, _ = ground.scatter(density, style.strands, random)
    strands = _between(guides, roots, child_roots, style)
    shorter = random.uniform(1 - style.uneven, 1, len(strands))
    strands = _cut(strands, shorter)
    depth = random.random(len(strands))
    along = np.linspace(0, 1, style.points)[None, :, None]
    away = unit(strands - SKULL)
    # Below the skull a layer lies outwards, not downwards.
    away[..., 1] *= smoothstep(6.9, 7.5, strands[..., 1])
    strands = strands + away * (style.layer * depth[:, None, None] * np.minimum(1, 3 * along))
    strands += (style.mess * 0.05 * along**0.7) * random.standard_normal((len(strands), 1, 3))
    if style.clumps:
        strands = _gather(strands, child_roots, style, random)
    if style.bun:
        strands = np.concatenate([strands, _bun(guides, style, random)])
        child_normals = np.concatenate([child_normals, np.tile(_DOWN, (len(strands) - len(child_normals), 1))])
        depth = np.concatenate([depth, random.uniform(0.4, 1, len(strands) - len(depth))])
    if style.curl:
        strands = _curl(strands, child_normals, style, random)
    light = (0.42 + 0.58 * depth[:, None] ** 0.8) * (0.55 + 0.45 * np.minimum(1, 2.5 * along[..., 0]))
    # In random order, so that the first part of the strands is a thinner head of the same hair.
    order = random.permutation(len(strands))
    widths = np.full(len(strands), style.width / 2)
    return Strands(strands[order], light[order], np.zeros((len(strands), 3)), widths)


def _grow_guides(
    style: HairStyle, roots: Array, normals: Array, places: Array, random: np.random.Generator, obstacle: Obstacle
) -> Array:
    """Walk from each root in steps: combed, then falling, never into the head. Returns ``(n, k, 3)``."""
    count, steps = len(roots), style.points - 1
    step = lengths(style, places, random)[:, None] / steps
    comb = combed(style, roots, places)
    comb = unit(comb - (comb * normals).sum(1, keepdims=True) * normals)
    lean = 1 - 0.5 * style.lift if style.lift < 1 else 0.0
    heading = unit(normals * style.lift + comb * lean + 0.10 * style.mess * random.standard_normal((count, 3)))
    strands = np.empty((count, style.points, 3))
    strands[:, 0] = point = roots
    for k in range(1, style.points):
        t = k / steps
        fall = style.gravity * t**0.7
        heading = heading * (1 - fall) + fall * _DOWN + 0.03 * style.mess * random.standard_normal((count, 3))
        if t < 0.5:
            heading = 0.8 * unit(heading) + 0.2 * comb * lean * (1 - style.lift)
        point = point + step * unit(heading)
        height, outward = obstacle.nearest(point)
        clear = 0.012 + 0.3 * style.layer * min(1.0, 3 * t)
        inside = np.clip(clear - height, 0, 0.4)
        # Combed hair lies on the skull; only lower down does it hang free.
        loose = np.clip(height - clear - 0.10 * t, 0, 0.4) * style.hug * smoothstep(6.9, 7.4, point[:, 1])
        point = point + outward * (np.where(height > -1, inside, 0) - loose)[:, None]
        if style.face:
            point = _off_the_face(point, np.radians(style.face), style.front < 1)
        strands[:, k] = point
        heading = unit(point - strands[:, k - 1])
    return strands


def _off_the_face(points: Array, free: float, fringe: bool) -> Array:
    """Turn points that hang before the face round the head's axis, until the face is free."""
    offset = points - SKULL
    radius, turn = np.hypot(offset[:, 0], offset[:, 2]), np.arctan2(offset[:, 0], offset[:, 2])
    # The free sector opens below the hairline; a fringe may reach the brows.
    opening = smoothstep(7.50, 7.30, points[:, 1]) if fringe else smoothstep(8.05, 7.45, points[:, 1])
    side = np.where(turn >= 0, 1.0, -1.0)
    missing = np.clip(free * opening - np.abs(turn), 0, None)
    turned = turn + side * missing * 0.7
    moved: Array = SKULL + np.stack([radius * np.sin(turned), offset[:, 1], radius * np.cos(turned)], 1)
    return moved


def _neighbourhood(roots: Array, style: HairStyle) -> Array:
    """Return roots with a fourth coordinate, ``(n, 4)``, in which the two sides of a parting are far apart."""
    if not style.sideways:
        return np.pad(roots, ((0, 0), (0, 1)))
    side = np.sign(roots[:, 0] - style.part) * smoothstep(-0.35, 0.15, roots[:, 2])
    return np.concatenate([roots, side[:, None]], 1)


def _between(guides: Array, roots: Array, children: Array, style: HairStyle) -> Array:
    """Return a strand for each child root: the mean of its three nearest guides on the same side of the parting."""
    from scipy.spatial import cKDTree

    tree = cKDTree(_neighbourhood(roots, style))
    distance, rows = tree.query(_neighbourhood(children, style), k=3, workers=1)
    weights = 1 / (distance**2 + 1e-3)
    weights /= weights.sum(1, keepdims=True)
    paths = guides - roots[:, None]
    strands: Array = children[:, None] + np.einsum("nj,njkc->nkc", weights, paths[rows])
    return strands


def _cut(strands: Array, share: Array) -> Array:
    """Return strands cut to a share of their length, with as many points."""
    count, points, _ = strands.shape
    place = np.linspace(0, 1, points)[None] * share[:, None] * (points - 1)
    low = np.minimum(place.astype(int), points - 2)
    rest = (place - low)[..., None]
    row = np.arange(count)[:, None]
    cut: Array = strands[row, low] * (1 - rest) + strands[row, low + 1] * rest
    return cut


def _gather(strands: Array, roots: Array, style: HairStyle, random: np.random.Generator) -> Array:
    """Draw strands towards the lock they belong to, more so at the tips."""
    from scipy.spatial import cKDTree

    leaders = random.choice(len(strands), style.clumps, replace=False)
    places = _neighbourhood(roots, style)
    lock = leaders[cKDTree(places[leaders]).query(places, workers=1)[1]]
    along = np.linspace(0, 1, style.points)[None, :, None]
    spread = (roots - roots[lock])[:, None] * (1 - 0.7 * along)
    pull = style.clump * along**0.8 * random.uniform(0.4, 1, (len(strands), 1, 1))
    gathered: Array = strands + pull * (strands[lock] + spread - strands)
    return gathered


def _curl(strands: Array, normals: Array, style: HairStyle, random: np.random.Generator) -> Array:
    """Wind strands round themselves; neighbours wind alike, so that waves show."""
    along = np.linspace(0, 1, style.points)[None, :]
    size = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(1)[:, None]
    root = strands[:, 0]
    wave = 2.2 * np.sin(root @ np.array([2.1, 1.3, 1.7])) + 1.8 * np.sin(root @ np.array([-1.1, 2.3, 3.1]))
    scatter = 0.35 if style.clumps else 3.0
    angle = (wave + scatter * random.standard_normal(len(strands)))[:, None] + along * size * style.turns
    forward = unit(np.gradient(strands, axis=1))
    across = unit(np.cross(forward, normals[:, None] + 1e-4))
    other = np.cross(forward, across)
    reach = style.curl * np.minimum(1, 3 * along)[..., None]
    curled: Array = strands + reach * (across * np.cos(angle)[..., None] + other * np.sin(angle)[..., None])
    return curled


def _bun_centre(skull: Array) -> Array:
    return np.array([0.0, 7.75, skull[:, 2].min() - 0.18])


def _pull_back(guides: Array, obstacle: Obstacle) -> Array:
    """Return guides that run over the skull from their roots into the bun."""
    along = np.linspace(0, 1, guides.shape[1])[None, :, None]
    start, end = guides[:, :1] - SKULL, _bun_centre(guides[:, 0]) + np.array([0, 0, 0.15]) - SKULL
    size = np.linalg.norm(start, axis=2, keepdims=True) * (1 - along) + np.linalg.norm(end) * along
    tied: Array = SKULL + size * unit(start * (1 - along) + end * along)
    for k in range(1, guides.shape[1]):
        height, outward = obstacle.nearest(tied[:, k])
        tied[:, k] += outward * np.maximum(0.02 - height, 0)[:, None]
    return tied


def _bun(guides: Array, style: HairStyle, random: np.random.Generator) -> Array:
    """Return the strands wound into the bun."""
    count = style.strands // 5
    turn, height = random.random(count) * 2 * np.pi, random.uniform(-1, 1, count)
    ring = np.sqrt(1 - height**2)[:, None]
    angle = turn[:, None] + np.linspace(0, 2.5, style.points)[None]
    offset = np.stack([np.cos(angle) * ring, np.sin(angle) * ring, 0.8 * height[:, None] + 0 * angle], 2)
    return _bun_centre(guides[:, 0]) + 0.30 * offset
