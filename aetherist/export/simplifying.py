"""Meshes with fewer faces, as closed as before."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from aetherist.export.packages import needed

Vertices = NDArray[np.float32]
Faces = NDArray[np.int64]

APART = 1e-3
"""How far a doubled vertex is moved towards its own faces, as a share of the way to their middles."""


def simplified(vertices: Vertices, faces: Faces, count: int) -> tuple[Vertices, Faces]:
    """Return vertices and faces of about the same shape, with about ``count`` faces (Garland and Heckbert 1997).

    Where edges collapse, thin places may fold up, and parts come to touch in an edge. Folds are taken away, and what
    touches is moved apart.
    """
    reduce = needed("fast_simplification").simplify
    points, corners = reduce(vertices, faces.astype(np.int32), target_count=count)[:2]
    return parted(np.asarray(points, np.float32), unfolded(np.asarray(corners, np.int64)))


def unfolded(faces: Faces) -> Faces:
    """Return faces without those that lie back to back."""
    _, which, counts = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
    alone: Faces = faces[counts[which.reshape(-1)] % 2 == 1]
    return alone


def parted(vertices: Vertices, faces: Faces) -> tuple[Vertices, Faces]:
    """Return a mesh in which parts that shared an edge of more than two faces have vertices of their own there."""
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    edges, which, counts = np.unique(
        np.sort(np.stack([start, end], axis=1), axis=1), axis=0, return_inverse=True, return_counts=True
    )
    shared = counts[which.reshape(-1)].reshape(-1, 3) == 2
    faces, doubles = faces.copy(), [vertices]
    owner = np.arange(len(vertices))  # where a double came from
    for vertex in np.unique(edges[counts > 2]):
        around = np.flatnonzero((faces == vertex).any(axis=1))
        for fan in _fans(vertex, around, faces, shared)[1:]:
            middle = vertices[owner[faces[fan]]].mean(axis=(0, 1))
            doubles.append((vertices[vertex] + APART * (middle - vertices[vertex]))[None].astype(np.float32))
            faces[fan] = np.where(faces[fan] == vertex, len(owner), faces[fan])
            owner = np.append(owner, vertex)
    return np.concatenate(doubles), faces


def _fans(vertex: int, around: Faces, faces: Faces, shared: NDArray[np.bool_]) -> list[list[int]]:
    """Return the faces around a vertex in groups that hang together over edges of two faces."""
    beside: dict[int, list[int]] = defaultdict(list)
    for face in around:
        at = int(np.flatnonzero(faces[face] == vertex)[0])
        for corner, edge in ((faces[face, (at + 1) % 3], at), (faces[face, (at + 2) % 3], (at + 2) % 3)):
            if shared[face, edge]:
                beside[int(corner)].append(int(face))
    fans: list[list[int]] = []
    left = {int(face) for face in around}
    while left:
        fan, reached = [], [left.pop()]
        while reached:
            fan.append(reached.pop())
            near = {face for pair in beside.values() if fan[-1] in pair for face in pair} & left
            left -= near
            reached += near
        fans.append(fan)
    return fans
