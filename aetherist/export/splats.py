"""Gaussian splats that lie on a surface, as the PLY that viewers of 3D Gaussian splatting read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from aetherist.base.files import write_whole
from aetherist.export.colours import Colour, colours_at
from aetherist.export.meshes import METRES, Mesh
from aetherist.export.meshfiles import commented_ply, one_line

HARMONIC = 0.28209479177387814
"""The constant spherical harmonic, ``1 / (2 sqrt(pi))``: what the colour of a splat is stored over."""

PROPERTIES = (
    *("x", "y", "z", "nx", "ny", "nz"),
    *("f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2"),
    *("rot_0", "rot_1", "rot_2", "rot_3"),
)
"""The columns of the file, float32 each, in the order that the method's own program writes them."""

Array = NDArray[np.float32]


@attrs.frozen(eq=False, repr=False)
class Splats:
    """Gaussians that stand for a surface, in world units: y up, a face looking towards +z.

    Attributes:
        centers: ``(N, 3)``.
        normals: ``(N, 3)``, unit.
        colours: ``(N, 3)``, sRGB in [0, 1].
        opacity: ``(N,)``, between 0 and 1.
        scales: ``(N, 3)``: standard deviations along each splat's own axes.
        rotations: ``(N, 4)``: unit quaternions, w x y z, that turn its axes into the world's.
    """

    centers: Array
    normals: Array
    colours: Array
    opacity: Array
    scales: Array
    rotations: Array

    def __len__(self) -> int:
        return len(self.centers)

    def __repr__(self) -> str:
        return f"Splats({len(self):,})"

    def save(self, path: str | Path, *, scale: float = METRES, metadata: Mapping[str, Any] | None = None) -> None:
        """Write them as PLY; see :func:`write_splats`."""
        write_splats(path, self, scale=scale, metadata=metadata)


def splats_of(
    mesh: Mesh,
    count: int = 100_000,
    *,
    colour: Colour | None = None,
    opacity: float = 0.95,
    overlap: float = 0.5,
    thickness: float = 0.1,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Splats:
    """Return flat splats that cover a surface, evenly spread over its area.

    Args:
        mesh: In world units.
        count: How many.
        colour: Colours of points; the mesh's own at the vertices by default.
        opacity: Of each at its middle.
        overlap: Their standard deviation along the surface over the mean distance between them.
        thickness: Their standard deviation across the surface over that along it.
        seed: Of the places.
        device: Where ``colour`` wants its points.

    Raises:
        ValueError: If there is nothing to take colours from, or a number makes no sense.
    """
    if count < 1 or not 0 < opacity < 1:
        raise ValueError(f"count={count}, opacity={opacity}: give one splat at least, and an opacity between 0 and 1")
    face, weights = _spread(mesh, count, np.random.default_rng(seed))
    corners = mesh.faces[face]

    def between(values: NDArray[Any]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = (values[corners] * weights[..., None]).sum(axis=1)
        return mean

    centers = between(mesh.vertices).astype(np.float32)
    if colour is not None:
        colours = colours_at(centers, colour, device=device) / np.float32(255)
    elif mesh.colours is not None:
        colours = between(mesh.colours / 255.0)
    else:
        raise ValueError("splats_of: the mesh has no colours at its vertices; give 'colour'")
    normals = between(mesh.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    along = overlap * (mesh.area / count) ** 0.5
    scales = np.tile(np.array([along, along, along * thickness], np.float32), (count, 1))
    return Splats(
        centers,
        normals.astype(np.float32),
        np.asarray(colours, np.float32),
        np.full(count, opacity, np.float32),
        scales,
        _turned_to(normals),
    )


def _spread(mesh: Mesh, count: int, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw places on a surface: faces ``(N,)`` and barycentric weights ``(N, 3)``; strata of equal area, one each."""
    areas = np.cumsum(mesh.face_areas)
    places = (np.arange(count) + random.random(count)) / count * areas[-1]
    face = np.searchsorted(areas, places, side="right").clip(max=len(areas) - 1)
    root, share = random.random(count) ** 0.5, random.random(count)
    # Osada et al. 2002, section 4.2.
    return face, np.stack([1 - root, root * (1 - share), root * share], axis=1)


def _turned_to(normals: NDArray[np.float64]) -> Array:
    """Return quaternions (w, x, y, z) that turn the z axis into each normal, the short way round."""
    x, y, z = normals.T
    turn = np.stack([1 + z, -y, x, np.zeros_like(z)], axis=1)
    turn[z < -1 + 1e-6] = [0, 1, 0, 0]
    rotations: Array = (turn / np.linalg.norm(turn, axis=1, keepdims=True)).astype(np.float32)
    return rotations


def write_splats(
    path: str | Path, splats: Splats, *, scale: float = METRES, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write splats as the binary PLY of Kerbl et al. 2023, whole or not at all.

    Colours are stored over the constant harmonic, less a half; opacities as logits; scales as logarithms. There are no
    further harmonics: colours are the same from all sides, and viewers take that as degree 0. The world stays as it is,
    y up; a viewer that takes y for down, as photogrammetry has it, shows it upside down until it is told.

    Args:
        path: Where to, ``.ply``; its folder exists.
        splats: In world units.
        scale: Metres in a world unit; 1 writes world units.
        metadata: JSON-ready, kept as a comment.

    Raises:
        ValueError: If the scale is not positive.
        OSError: If the file cannot be written.
    """
    if not scale > 0:
        raise ValueError(f"scale={scale}: metres in a world unit; give a positive number")
    columns = [
        splats.centers * scale,
        splats.normals,
        (splats.colours - 0.5) / HARMONIC,
        np.log(splats.opacity / (1 - splats.opacity))[:, None],
        np.log(splats.scales * scale),
        splats.rotations,
    ]
    buffer = io.BytesIO()
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(splats)}"]
    head += [f"property float {name}" for name in PROPERTIES]
    buffer.write("\n".join([*head, "end_header\n"]).encode())
    buffer.write(np.concatenate(columns, axis=1).astype("<f4").tobytes())
    data = buffer.getvalue()
    write_whole(path, data if metadata is None else commented_ply(data, one_line(metadata)))
