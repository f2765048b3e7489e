"""Triangle meshes of a field's surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from aetherist.export.colours import Colour, colours_at, colours_seen
from aetherist.export.lattice import Box, Density, Lattice, Progress
from aetherist.export.marching import march
from aetherist.export.nearby import COARSE, layers_nearby
from aetherist.export.packages import needed
from aetherist.export.simplifying import simplified

LEVEL = 20.0
"""The density, per world unit, that a surface is drawn at by default: half of the light is gone within 0.035 units."""

METRES = 0.47
"""Metres in a world unit of models of heads: a face of the usual size then has its size."""


@attrs.frozen(eq=False, repr=False, slots=False)
class Mesh:
    """A surface of triangles, in world units: y up, a face looking towards +z.

    Attributes:
        vertices: ``(V, 3)`` float32.
        faces: ``(F, 3)`` int64, counterclockwise as seen from outside.
        colours: ``(V, 3)`` uint8, sRGB.
        uv: ``(V, 2)`` float32, the place of each vertex in the texture: from its left, and from its bottom.
        texture: ``(H, W, 3)`` uint8, sRGB, the first row its top.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    colours: NDArray[np.uint8] | None = None
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None

    @cached_property
    def _crosses(self) -> NDArray[np.float64]:
        a, b, c = (self.vertices[self.faces[:, corner]].astype(np.float64) for corner in range(3))
        return np.cross(b - a, c - a)

    @cached_property
    def normals(self) -> NDArray[np.float32]:
        """Unit vectors outwards at the vertices, ``(V, 3)``: the faces' around them, by area."""
        merged, places = self._places
        sums = np.zeros((len(merged), 3))
        for axis in range(3):
            for corner in range(3):
                sums[:, axis] += np.bincount(places[self.faces[:, corner]], self._crosses[:, axis], len(merged))
        normals: NDArray[np.float32] = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-30)).astype(
            np.float32
        )
        return normals[places]

    @property
    def face_areas(self) -> NDArray[np.float64]:
        """Of each face, ``(F,)``, in square world units."""
        areas: NDArray[np.float64] = np.linalg.norm(self._crosses, axis=1) / 2
        return areas

    @property
    def area(self) -> float:
        """Of all faces, in square world units."""
        return float(self.face_areas.sum())

    @property
    def volume(self) -> float:
        """What it encloses, in cubic world units; negative if it is inside out. It means something if watertight."""
        corner = self.vertices[self.faces[:, 0]].astype(np.float64)
        return float((corner * self._crosses).sum() / 6)

    @property
    def watertight(self) -> bool:
        """Whether each edge of a face is that of exactly one other, which runs along it the other way."""
        if len(self.faces) == 0:
            return False
        merged, places = self._places
        faces = places[self.faces]
        start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        there, back = np.sort(start * len(merged) + end), np.sort(end * len(merged) + start)
        return bool((there == back).all() and (np.diff(there) > 0).all())

    @property
    def _places(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The vertices, those that a texture's seam parts as one, and for each vertex which of them it is."""
        if self.uv is None:
            return self.vertices, np.arange(len(self.vertices))
        merged, places = np.unique(self.vertices, axis=0, return_inverse=True)
        return merged, places.reshape(-1)

    def save(self, path: str | Path, *, scale: float = METRES, metadata: Mapping[str, Any] | None = None) -> list[Path]:
        """Write it as GLB, OBJ, PLY or STL; see :func:`aetherist.export.meshfiles.write_mesh`."""
        from aetherist.export.meshfiles import write_mesh

        return write_mesh(path, self, scale=scale, metadata=metadata)

    def __repr__(self) -> str:
        has = ", ".join(name for name in ("colours", "texture") if getattr(self, name) is not None)
        return f"Mesh({len(self.vertices):,} vertices, {len(self.faces):,} faces{', ' + has if has else ''})"


def raw_level(level: float, shift: float) -> float:
    """Return the density before its softplus that stands for ``level``: the inverse of ``softplus(raw + shift)``.

    Raises:
        ValueError: If the level is not positive.
    """
    if not level > 0:
        raise ValueError(f"a level of {level}: a density is positive; give the density per world unit, {LEVEL:g} say")
    return float(level + np.log(-np.expm1(-level))) - shift


def extract_mesh(
    density: Density,
    *,
    box: Box | float = 1.0,
    resolution: int = 256,
    level: float = LEVEL,
    shift: float | None = None,
    closed: bool = True,
    parts: Literal["largest", "all"] = "largest",
    faces: int | None = None,
    colour: Colour | None = None,
    seen: bool = False,
    thorough: bool = False,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> Mesh:
    """Return the surface where a field's density crosses a level, by marching cubes.

    The field is sampled a few layers at a time, and the surface is drawn as they come: memory is that of the mesh,
    not of the volume.

    Args:
        density: Of points in world units. With ``shift``, before its softplus, as the graph ``field`` gives it.
        box: Where to look; a number is the side of a cube around the origin (``box_warp`` of the renderer).
        resolution: Cells along the longest side of the box.
        level: Density per world unit, after the softplus, whichever ``density`` gives: light that goes through a
            length ``d`` of it is left with ``exp(-level * d)``.
        shift: What the renderer adds before the softplus (``density_shift``). The surface is then interpolated in
            the density before the softplus, as rays interpolate.
        closed: Close surfaces that leave the box on its faces; they stay open otherwise.
        parts: Keep the part with the largest area, or all.
        faces: Simplify to about so many faces at most (Garland and Heckbert 1997).
        colour: Colours of points; vertices are then coloured.
        seen: Give vertices the colour that is seen by who looks straight at them, through what is before and into what
            is behind, instead of that of the very place.
        thorough: Sample every cell, also beyond a resolution of 128, where it is else done near the surface only; see
            :func:`aetherist.export.nearby.layers_nearby`.
        device: Where ``density`` and ``colour`` want their points.
        progress: Told the share of the layers that are done.

    Raises:
        ValueError: If nothing in the box crosses the level, or an argument makes no sense.
    """
    if faces is not None and faces < 4:
        raise ValueError(f"faces={faces}: a closed surface has 4 at least")
    lattice = Lattice.of(box if isinstance(box, Box) else Box.cube(box), resolution)
    threshold = level if shift is None else raw_level(level, shift)
    span = _Span(threshold)
    if thorough or resolution <= COARSE:
        layers = lattice.layers(density, device=device, progress=progress)
    else:
        layers = layers_nearby(lattice, density, threshold, device=device, progress=progress)
    cells, corners = march(map(span.see, layers), threshold, closed=closed)
    if len(corners) == 0:
        raise ValueError(span.nothing(level, shift))
    mesh = Mesh(lattice.world(cells), corners)
    if parts == "largest":
        mesh = largest_part(mesh)
    if faces is not None and len(mesh.faces) > faces:
        mesh = simplify(mesh, faces)
    if colour is None:
        return mesh
    if not seen:
        return attrs.evolve(mesh, colours=colours_at(mesh.vertices, colour, device=device))
    colours = colours_seen(mesh.vertices, mesh.normals, colour, density, shift=shift, device=device)
    return attrs.evolve(mesh, colours=colours)


class _Span:
    """Remembers between what values a field lies, to say so where no surface is found."""

    def __init__(self, level: float) -> None:
        self.level = level
        self.low, self.high = np.inf, -np.inf

    def see(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        return values

    def nothing(self, level: float, shift: float | None) -> str:
        low, high = self.low, self.high
        if shift is not None:
            low, high = (float(np.logaddexp(0.0, value + shift)) for value in (low, high))
        return (
            f"no surface: the density in the box lies between {low:.3g} and {high:.3g}, and the level is {level:g}; "
            "give a level in between"
        )


def largest_part(mesh: Mesh) -> Mesh:
    """Return the part of a mesh that hangs together and has the largest area."""
    sparse, csgraph = needed("scipy.sparse"), needed("scipy.sparse.csgraph")
    count = len(mesh.vertices)
    start, end = mesh.faces[:, :2].reshape(-1), mesh.faces[:, 1:].reshape(-1)
    edges = sparse.coo_array((np.ones(len(start), np.bool_), (start, end)), shape=(count, count))
    labels = csgraph.connected_components(edges, directed=False)[1][mesh.faces[:, 0]]
    areas = np.bincount(labels, mesh.face_areas)
    return _kept(mesh, mesh.faces[labels == areas.argmax()])


def simplify(mesh: Mesh, faces: int) -> Mesh:
    """Return a mesh of about so many faces with nearly the same shape, without colours."""
    vertices, corners = simplified(mesh.vertices, mesh.faces, faces)
    return _kept(Mesh(vertices, corners), corners)


def _kept(mesh: Mesh, faces: NDArray[np.int64]) -> Mesh:
    used, places = np.unique(faces, return_inverse=True)
    return Mesh(mesh.vertices[used], places.reshape(-1, 3))
