"""The surface where a field crosses a level, found a few layers at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from aetherist.export.packages import needed

Vertices = NDArray[np.float32]
Faces = NDArray[np.int64]
Values = NDArray[np.float32]

NUDGE = 1e-4
"""Values nearer to the level than this share of their layer's mean are moved away: no vertex falls on a sample."""


def march(layers: Iterable[Values], level: float, *, closed: bool = True) -> tuple[Vertices, Faces]:
    """Return the surface between values above the level and values below it.

    Lorensen and Cline 1987; Lewiner et al. 2003, whose cases leave no holes. Only a few layers are held at once: what
    they share with the next ones is welded, so that the surface is that of the whole.

    Args:
        layers: Values ``(k, Y, X)``, some layers at a time.
        level: Above it is inside.
        closed: Close the surface half a cell outside the first and last samples.

    Returns:
        Vertices ``(V, 3)``, their x, y and z counted in cells from the first sample; faces ``(F, 3)``,
        counterclockwise as seen from outside.
    """
    measure = needed("skimage.measure")
    vertices: list[Vertices] = [np.zeros((0, 3), np.float32)]
    faces: list[Faces] = [np.zeros((0, 3), np.int64)]
    seam = _Seam(np.zeros(0, np.int64), np.zeros(0, np.int64))
    below: Values | None = None
    base = count = 0
    for given in _closing(layers, level) if closed else (part - np.float32(level) for part in layers):
        part = _off_the_level(given)
        block = part if below is None else np.concatenate([below, part])
        below = part[-1:]
        inside = block > 0
        if len(block) < 2 or not inside.any() or inside.all():
            seam = _Seam(np.zeros(0, np.int64), np.zeros(0, np.int64))
            base += len(block) - 1
            continue
        found, corners, _, _ = measure.marching_cubes(block, 0.0)
        places, fresh = seam.weld(found, count)
        vertices.append(found[fresh] + np.array([base, 0, 0], np.float32))
        faces.append(places[corners])
        seam = _Seam.of(found, places, found[:, 0] == len(block) - 1)
        count += int(fresh.sum())
        base += len(block) - 1
    # Layers run along z: turning the axes round to x, y, z mirrors, and faces that were clockwise are so no more.
    cells = np.concatenate(vertices)[:, ::-1] - np.float32(closed)
    return np.ascontiguousarray(cells), _whole(np.concatenate(faces))


class _Seam:
    """The vertices of a layer that two blocks share, by their place in it."""

    def __init__(self, keys: NDArray[np.int64], places: NDArray[np.int64]) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.places = keys[order], places[order]

    @classmethod
    def of(cls, found: Vertices, places: NDArray[np.int64], chosen: NDArray[np.bool_]) -> _Seam:
        return cls(_keys(found[chosen]), places[chosen])

    def weld(self, found: Vertices, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return each vertex's place in the whole, and whether it is a new one; ``count`` are there already."""
        known = np.zeros(len(found), np.bool_)
        places = np.empty(len(found), np.int64)
        if len(self.keys):
            first = np.flatnonzero(found[:, 0] == 0)
            keys = _keys(found[first])
            at = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
            same = self.keys[at] == keys
            known[first[same]] = True
            places[first[same]] = self.places[at[same]]
        places[~known] = count + np.arange(len(found) - known.sum())
        return places, ~known


def _keys(found: Vertices) -> NDArray[np.int64]:
    """Return a number for each place in a layer: both blocks interpolate between the same values to the same bits."""
    return np.ascontiguousarray(found[:, 1:], np.float32).view(np.int64).reshape(-1)


def _closing(layers: Iterable[Values], level: float) -> Iterator[Values]:
    """Yield values less the level, with a ring of outside around them, as deep as the outermost are inside."""
    last: Values | None = None
    for part in layers:
        wide = np.pad(part - np.float32(level), ((0, 0), (1, 1), (1, 1)), mode="edge")
        for ring in (wide[:, 0], wide[:, -1], wide[:, :, 0], wide[:, :, -1]):
            np.negative(np.abs(ring), out=ring)
        if last is None:
            yield -np.abs(wide[:1])
        yield wide
        last = wide[-1:]
    if last is not None:
        yield -np.abs(last)


def _off_the_level(values: Values) -> Values:
    """Move values that are all but at the level away from it: vertices at one place would make faces without area."""
    least = np.float32(NUDGE) * np.abs(values).mean(axis=(1, 2), keepdims=True)
    return np.where(np.abs(values) < least, np.copysign(least, values), values)


def _whole(faces: Faces) -> Faces:
    a, b, c = faces.T
    kept: Faces = faces[(a != b) & (b != c) & (c != a)]
    return kept
