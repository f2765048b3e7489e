"""Catmull-Clark subdivision as a sparse matrix, so that refining a new head is one product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Quads = NDArray[np.int64]


def catmull_clark(quads: Quads, count: int) -> tuple[csr_matrix, Quads]:
    """Return one step of subdivision of a mesh of quads.

    Args:
        quads: Vertex indices, ``(F, 4)``.
        count: The number of vertices.

    Returns:
        The matrix ``(N, count)`` that makes the finer positions from the coarse ones, and the finer quads
        ``(4F, 4)``. Quad ``F * k + f`` is the one at corner ``k`` of quad ``f`` and starts at that corner.

    Source: Catmull and Clark, 1978; boundary edges by the usual cubic B-spline rule.
    """
    from scipy import sparse

    faces = len(quads)
    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    edges, edge_of_side, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    edge_of_side = edge_of_side.reshape(faces, 4)

    def incidence(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> csr_matrix:
        return sparse.csr_matrix((np.ones(rows.size), (rows.ravel(), columns.ravel())), shape)

    def scaled(values: NDArray[np.float64], matrix: csr_matrix) -> csr_matrix:
        return sparse.diags(values) @ matrix

    each_face = np.repeat(np.arange(faces), 4)
    each_edge = np.repeat(np.arange(len(edges)), 2)
    face_points = incidence(each_face, quads, (faces, count)) * 0.25
    midpoints = incidence(each_edge, edges, (len(edges), count)) * 0.5

    inner = (uses == 2).astype(float)
    faces_of_edge = incidence(edge_of_side, each_face, (len(edges), faces))
    edge_points = scaled(1 - inner / 2, midpoints) + scaled(inner / 2 / uses, faces_of_edge @ face_points)

    valence = np.maximum(np.bincount(quads.ravel(), minlength=count), 1).astype(float)
    faces_of_vertex = incidence(quads, each_face, (count, faces))
    edges_of_vertex = incidence(edges, each_edge, (count, len(edges)))
    degree = np.maximum(np.bincount(edges.ravel(), minlength=count), 1)
    same = sparse.identity(count, format="csr")
    smooth = (
        scaled(1 / valence**2, faces_of_vertex @ face_points)
        + scaled(2 / valence / degree, edges_of_vertex @ midpoints)
        + scaled((valence - 3) / valence, same)
    )
    rim_edges = edges_of_vertex @ sparse.diags((uses == 1).astype(float))
    rim_degree = np.maximum(np.asarray(rim_edges.sum(1)).ravel(), 1)
    crease = same * 0.5 + scaled(0.5 / rim_degree, rim_edges @ midpoints)
    on_rim = np.zeros(count)
    on_rim[edges[uses == 1].ravel()] = 1
    vertex_points = scaled(1 - on_rim, smooth) + scaled(on_rim, crease)

    center = count + len(edges) + np.arange(faces)
    finer = [
        np.stack([quads[:, k], count + edge_of_side[:, k], center, count + edge_of_side[:, k - 1]], 1) for k in range(4)
    ]
    return sparse.vstack([vertex_points, edge_points, face_points]).tocsr(), np.concatenate(finer)


def refine_corners(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a step does to values held at the corners of quads, ``(F, 4, C)`` to ``(4F, 4, C)``: bilinear."""
    center = values.mean(1)
    middle = [(values[:, k] + values[:, (k + 1) % 4]) / 2 for k in range(4)]
    return np.concatenate([np.stack([values[:, k], middle[k], center, middle[k - 1]], 1) for k in range(4)])
