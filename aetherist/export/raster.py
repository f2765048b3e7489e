"""Meshes as cameras see them: which face is behind each pixel, silhouettes, and plain pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aetherist.components.cameras import Cameras
from aetherist.export.meshes import Mesh

Floats = NDArray[np.floating]

CANDIDATES = 1 << 21
"""Pairs of a face and a pixel that are looked at together."""
ON_THE_EDGE = 1e-9
"""So far outside a triangle still counts as inside, so that rounding leaves no gap between neighbours."""
NEAREST = 1e-3
"""Faces nearer to the camera than this, in world units, are left out."""


@attrs.frozen(eq=False)
class Raster:
    """What is seen through the middle of each pixel.

    Attributes:
        face: ``(H, W)`` int64: the nearest face, or -1.
        depth: ``(H, W)``: its distance along the optical axis in world units; infinite where there is none.
        weights: ``(H, W, 3)``: of the face's corners, adding up to one.
    """

    face: NDArray[np.int64]
    depth: NDArray[np.float64]
    weights: NDArray[np.float64]

    def interpolate(self, mesh: Mesh, values: Floats) -> Floats:
        """Return values ``(V, C)`` at the vertices as they are at the pixels, ``(H, W, C)``; 0 where nothing is."""
        corners = values[mesh.faces[np.maximum(self.face, 0)]]
        seen: Floats = (corners * self.weights[..., None]).sum(axis=2) * (self.face >= 0)[..., None]
        return seen


def rasterise(mesh: Mesh, camera: Cameras, resolution: int) -> Raster:
    """Return what a camera sees of a mesh, ``resolution`` pixels a side, with a depth buffer.

    Faces are seen from both sides.

    Raises:
        ValueError: If there is more than one camera.
    """
    if camera.shape:
        raise ValueError(f"rasterise: cameras of shape {tuple(camera.shape)}; give one, cameras[0] say")
    pixels, depth = project(mesh.vertices, camera, resolution)
    before = (depth[mesh.faces] > NEAREST).all(axis=1)
    faces = np.flatnonzero(before)
    return cover(pixels[mesh.faces[faces]], depth[mesh.faces[faces]], (resolution, resolution), faces)


def project(points: Floats, camera: Cameras, resolution: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows ``(N, 2)`` in pixels, the first one's middle at 0.5, and depths ``(N,)``."""
    camera = camera.to("cpu").to(torch.float64)
    seen = camera.project(torch.from_numpy(np.asarray(points, np.float64)), resolution)
    return seen.pixels.numpy(), seen.depth.numpy()


def cover(corners: Floats, depth: Floats, size: tuple[int, int], names: NDArray[np.int64]) -> Raster:
    """Return which triangle is nearest at each pixel.

    Args:
        corners: ``(F, 3, 2)``: columns and rows.
        depth: ``(F, 3)``, positive.
        size: Height and width.
        names: ``(F,)``: what to call the triangles.
    """
    height, width = size
    face = np.full(height * width, -1, np.int64)
    nearest = np.full(height * width, np.inf)
    weights = np.zeros((height * width, 3))
    planes = _planes(corners)
    for triangle, row, column in _candidates(corners, height, width):
        plane = planes[triangle]
        shares = plane[..., 0] * (column + 0.5)[:, None] + plane[..., 1] * (row + 0.5)[:, None] + plane[..., 2]
        inside = (shares >= -ON_THE_EDGE).all(axis=1)
        triangle, pixel = triangle[inside], (row * width + column)[inside]
        shares = shares[inside].clip(min=0.0)
        # What is linear on the picture is 1 / z, and what is linear on the triangle is that times z (Blinn 1992).
        shares = shares / depth[triangle]
        z = 1.0 / shares.sum(axis=1)
        order = np.lexsort((z, pixel))
        order = order[np.diff(pixel[order], prepend=-1) > 0]
        order = order[z[order] < nearest[pixel[order]]]
        chosen = pixel[order]
        face[chosen], nearest[chosen] = names[triangle[order]], z[order]
        weights[chosen] = shares[order] * z[order, None]
    return Raster(face.reshape(size), nearest.reshape(size), weights.reshape(*size, 3))


def _candidates(
    corners: Floats, height: int, width: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield triangles, rows and columns of pixels whose middles lie in the rectangle around the triangle."""
    low = np.ceil(corners.min(axis=1) - 0.5).clip(0, [width, height]).astype(np.int64)
    high = np.floor(corners.max(axis=1) - 0.5).clip(-1, [width - 1, height - 1]).astype(np.int64)
    spans = (high - low + 1).clip(min=0)
    counts = spans.prod(axis=1)
    shown = np.flatnonzero(counts)
    groups = np.cumsum(counts[shown]) // CANDIDATES
    for group in np.split(shown, np.flatnonzero(np.diff(groups)) + 1):
        triangle = np.repeat(group, counts[group])
        starts = np.cumsum(counts[group]) - counts[group]
        within = np.arange(len(triangle)) - np.repeat(starts, counts[group])
        row, column = np.divmod(within, spans[triangle, 0])
        yield triangle, low[triangle, 1] + row, low[triangle, 0] + column


def _planes(corners: Floats) -> NDArray[np.float64]:
    """Return how barycentric coordinates hang on column, row and one, ``(F, 3, 3)``; -1 where there is no area."""
    x, y = np.moveaxis(corners.astype(np.float64), -1, 0)
    next_x, next_y, last_x, last_y = (np.roll(axis, shift, axis=1) for shift in (-1, 1) for axis in (x, y))
    planes = np.stack([next_y - last_y, last_x - next_x, next_x * last_y - last_x * next_y], axis=-1)
    area = planes[..., 2].sum(axis=1)
    flat = area == 0
    planes /= np.where(flat, 1.0, area)[:, None, None]
    planes[flat] = [0.0, 0.0, -1.0]
    return planes


def silhouette_overlap(mesh: Mesh, cameras: Cameras, alpha: Tensor, *, threshold: float = 0.5) -> list[float]:
    """Return for each camera how far a mesh's silhouette agrees with an opacity: intersection over union.

    Args:
        mesh: In world units.
        cameras: ``(N,)``.
        alpha: ``(N, 1, R, R)`` from the same cameras.
        threshold: What counts as covered.
    """
    overlaps = []
    for camera, opacity in zip(cameras, alpha[:, 0], strict=True):
        covered = (opacity > threshold).cpu().numpy()
        seen = rasterise(mesh, camera, opacity.shape[-1]).face >= 0
        union = (covered | seen).sum()
        overlaps.append(float((covered & seen).sum() / union) if union else 1.0)
    return overlaps


def draw_mesh(
    mesh: Mesh, camera: Cameras, resolution: int, *, shading: Literal["colour", "normals", "clay"] = "clay"
) -> Tensor:
    """Return a picture of a mesh on white, ``(3, R, R)`` uint8, smoothed by four samples a pixel.

    Args:
        mesh: In world units.
        camera: A single one.
        resolution: Pixels a side.
        shading: The mesh's own colours; its normals, as the camera sees them; or grey, lit from the camera.

    Raises:
        ValueError: If colours are asked of a mesh that has none.
    """
    raster = rasterise(mesh, camera, 2 * resolution)
    if shading == "colour":
        shown = _own_colours(mesh, raster)
    else:
        turned = mesh.normals @ camera.pose[:3, :3].double().cpu().numpy()
        normals = raster.interpolate(mesh, turned) * [1.0, -1.0, -1.0]
        normals = normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
        facing = 0.15 + 0.75 * np.maximum(normals[..., 2:], 0.0).repeat(3, axis=-1)
        shown = normals * 0.5 + 0.5 if shading == "normals" else facing
    shown = np.where(raster.face[..., None] >= 0, shown, 1.0)
    shown = shown.reshape(resolution, 2, resolution, 2, 3).mean(axis=(1, 3))
    return torch.from_numpy((shown * 255 + 0.5).clip(0, 255).astype(np.uint8)).movedim(-1, 0)


def _own_colours(mesh: Mesh, raster: Raster) -> Floats:
    if mesh.texture is not None and mesh.uv is not None:
        height, width = mesh.texture.shape[:2]
        uv = raster.interpolate(mesh, mesh.uv.astype(np.float64))
        row = ((1 - uv[..., 1]) * height).astype(np.int64).clip(0, height - 1)
        column = (uv[..., 0] * width).astype(np.int64).clip(0, width - 1)
        texel: Floats = mesh.texture[row, column] / 255.0
        return texel
    if mesh.colours is None:
        raise ValueError("draw_mesh: the mesh has no colours; extract it with 'colour', or draw its normals")
    return raster.interpolate(mesh, mesh.colours / 255.0)
