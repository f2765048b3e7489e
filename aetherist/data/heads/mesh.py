"""The parts of a head as triangle meshes: skin, eyes, teeth, tongue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.morphs import Vertices, load
from aetherist.data.heads.subdivide import catmull_clark, refine_corners

Triangles = NDArray[np.int32]


class Part:
    """A subdivided part of the base mesh.

    Positions are a fixed linear map of the base mesh. ``draw`` lists the points once more for every texture
    coordinate they have, which is what a renderer wants: ``points[draw]``, ``uv`` and ``triangles`` belong together.
    """

    def __init__(self, name: str, levels: int) -> None:
        from scipy import sparse

        arrays = load()
        quads = arrays[f"{name}_quads"].astype(np.int64)
        corners = arrays[f"{name}_uv"].astype(np.float64) / 65535
        rows, quads = np.unique(quads, return_inverse=True)
        quads = quads.reshape(-1, 4)
        total = len(arrays["vertices"])
        self._matrix = sparse.csr_matrix((np.ones(len(rows)), (np.arange(len(rows)), rows)), (len(rows), total))
        for _ in range(levels):
            step, quads = catmull_clark(quads, self._matrix.shape[0])
            self._matrix = step @ self._matrix
            corners = refine_corners(corners)
        keys = np.concatenate([quads.reshape(-1, 1), np.round(corners.reshape(-1, 2) * 65535).astype(np.int64)], 1)
        unique, which = np.unique(keys, axis=0, return_inverse=True)
        self.draw: NDArray[np.int64] = unique[:, 0]
        self.uv: NDArray[np.float64] = unique[:, 1:] / 65535
        self.triangles: Triangles = _halve(which.reshape(-1, 4)).astype(np.int32)
        self.point_triangles: Triangles = _halve(quads).astype(np.int32)
        corner_count = self.point_triangles.size
        each = np.repeat(np.arange(len(self.point_triangles)), 3)
        self._gather = sparse.csr_matrix(
            (np.ones(corner_count), (self.point_triangles.ravel(), each)), (self._matrix.shape[0], corner_count // 3)
        )

    def points(self, vertices: Vertices) -> Vertices:
        """Return the refined points ``(P, 3)`` of base vertices ``(V, 3)``."""
        points: Vertices = self._matrix @ vertices
        return points

    def normals(self, points: Vertices) -> Vertices:
        """Return unit normals ``(P, 3)``, weighted by area."""
        a, b, c = points[self.point_triangles].swapaxes(0, 1)
        return unit(self._gather @ np.cross(b - a, c - a))


def unit(vectors: Vertices) -> Vertices:
    """Return vectors scaled to length one along the last axis; zero stays zero."""
    scaled: Vertices = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled


def _halve(quads: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
