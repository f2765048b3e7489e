"""Textures baked from pictures of a surface."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.cameras import Cameras
from aetherist.export.meshes import Mesh
from aetherist.export.packages import needed
from aetherist.export.raster import Floats, Raster, cover, project, rasterise

FACES = 20_000
"""To how many faces meshes should be simplified before they are unwrapped, which takes long otherwise."""

GRAZING = 0.2
"""Cosine between a surface and a line of sight below which a picture says nothing about it."""
BEHIND = 0.01
"""World units that a point may lie behind what a camera sees and still count as seen."""
OWN = 0.02
"""Weight of the colours at the vertices against a picture from straight ahead."""


def unwrap(mesh: Mesh, size: int = 1024, *, timeout: float = 600.0) -> Mesh:
    """Return a mesh cut open and laid flat: with ``uv``, and vertices on the cuts doubled.

    Args:
        mesh: Simplified to some ten thousand faces: time grows faster than their number.
        size: Side of the texture that it is laid out for, in texels.
        timeout: Seconds after which to give up.

    Raises:
        MissingPackageError: If xatlas is not installed (the extra ``texture``).
        ValueError: If xatlas fails, which it does on some large or tangled meshes.
    """
    needed("xatlas", "texture")
    script = Path(__file__).with_name("unwrapping.py")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(source, vertices=mesh.vertices, faces=mesh.faces.astype(np.uint32), size=size)
        hint = f"it has {len(mesh.faces):,} faces; simplify it first (faces={FACES:,}), or keep colours at the vertices"
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(script), str(source), str(target)],
                check=False,
                capture_output=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"xatlas did not unwrap the mesh within {timeout:g} s: {hint}") from None
        if done.returncode:
            raise ValueError(f"xatlas could not unwrap the mesh (exit code {done.returncode}): {hint}")
        with np.load(target) as flat:
            places, faces, uv = flat["places"], flat["faces"].astype(np.int64), flat["uv"]
    # From its top to from its bottom.
    uv = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1).astype(np.float32)
    colours = None if mesh.colours is None else mesh.colours[places]
    return Mesh(mesh.vertices[places], faces, colours, uv)


@torch.no_grad()
def bake_texture(mesh: Mesh, cameras: Cameras, pictures: Tensor, *, size: int = 1024) -> Mesh:
    """Return a mesh with a texture that shows what pictures of it show.

    Each texel is the mean of the pictures that see its place, by the square of the cosine at which they see it. What
    no picture sees has the colours at the vertices, where the mesh has any, or else those of the nearest texels.

    Args:
        mesh: In world units; it is unwrapped if it has no ``uv``.
        cameras: ``(N,)``.
        pictures: ``(N, 3, R, R)`` in [0, 1], sRGB, from those cameras.
        size: Side of the texture in texels.

    Raises:
        ValueError: If there are not as many pictures as cameras, or the mesh cannot be unwrapped.
    """
    if pictures.ndim != 4 or pictures.shape[1] != 3 or cameras.shape != pictures.shape[:1]:
        raise ValueError(
            f"pictures of shape {tuple(pictures.shape)} from cameras of {tuple(cameras.shape)}; "
            "give (N, 3, R, R) and N cameras"
        )
    flat = mesh if mesh.uv is not None else unwrap(mesh, size)
    assert flat.uv is not None
    corners = flat.uv[flat.faces].astype(np.float64)
    corners[..., 1] = 1 - corners[..., 1]
    raster = cover(corners * size, np.ones(corners.shape[:2]), (size, size), np.arange(len(flat.faces)))
    filled = raster.face >= 0
    points = raster.interpolate(flat, flat.vertices.astype(np.float64))[filled]
    normals = raster.interpolate(flat, flat.normals.astype(np.float64))[filled]
    total, weight = np.zeros((len(points), 3)), np.zeros((len(points), 1))
    if flat.colours is not None:
        total += OWN * raster.interpolate(flat, flat.colours / 255.0)[filled]
        weight += OWN
    for camera, picture in zip(cameras, pictures, strict=True):
        seen, share = _look(flat, camera, picture.float().cpu(), points, normals)
        total += seen * share
        weight += share
    texels = np.zeros((size, size, 3))
    texels[filled] = total / np.maximum(weight, 1e-9)
    filled[filled] = weight[:, 0] > 0
    return attrs.evolve(flat, colours=None, texture=_spread(texels, filled))


def _look(
    mesh: Mesh, camera: Cameras, picture: Tensor, points: Floats, normals: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a picture shows of points, ``(N, 3)``, and how much that counts, ``(N, 1)``."""
    side = max(256, picture.shape[-1])
    pixels, depth = project(points, camera, side)
    raster: Raster = rasterise(mesh, camera, side)
    column, row = np.floor(pixels).astype(np.int64).T
    shown = (depth > 0) & (column >= 0) & (column < side) & (row >= 0) & (row < side)
    front = raster.depth[row.clip(0, side - 1), column.clip(0, side - 1)]
    away = camera.position.double().cpu().numpy() - points
    cosine = (normals * away).sum(axis=1) / np.maximum(np.linalg.norm(away, axis=1), 1e-9)
    shown &= (depth < front + BEHIND) & (cosine > GRAZING)
    places = torch.from_numpy(pixels / side * 2 - 1).float()
    read = F.grid_sample(picture[None], places[None, None], padding_mode="border", align_corners=False)
    return read[0, :, 0].T.double().numpy(), np.where(shown, cosine, 0.0)[:, None] ** 2


def _spread(texels: NDArray[np.float64], filled: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a texture where what is not filled has the colour of the nearest that is, so that no seam shows."""
    ndimage = needed("scipy.ndimage")
    if filled.any():
        nearest = ndimage.distance_transform_edt(~filled, return_distances=False, return_indices=True)
        texels = texels[tuple(nearest)]
    texture: NDArray[np.uint8] = (texels * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return texture
