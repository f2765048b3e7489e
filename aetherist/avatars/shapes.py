"""The shape of an avatar: as a mesh, as splats, as a volume; and how far a mesh agrees with what is rendered."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import attrs
import torch
from torch import Tensor

from aetherist.avatars.avatar import Avatar
from aetherist.components.cameras import Cameras
from aetherist.export.lattice import Box, Progress
from aetherist.export.meshes import LEVEL, Mesh, extract_mesh
from aetherist.export.raster import silhouette_overlap
from aetherist.export.splats import Splats, splats_of
from aetherist.export.texture import FACES, bake_texture
from aetherist.export.volumes import write_volume

AROUND = tuple((turn * math.pi / 4, 0.0) for turn in range(8)) + tuple(
    (yaw, pitch) for yaw in (-0.5, 0.0, 0.5) for pitch in (-0.5, 0.5)
)
"""Yaw and pitch of the views that a texture is baked from: all around, and the face from above and below."""

BEFORE = ((0.0, 0.0), (-0.4, 0.0), (0.4, 0.0), (-0.8, 0.0), (0.8, 0.0), (0.0, 0.3), (0.0, -0.3))
"""Yaw and pitch of the views in which a silhouette is compared."""


@attrs.frozen
class Extent:
    """Where a model's field lies, and how its numbers are to be read.

    Attributes:
        side: Of the cube around the origin that it spans, in world units.
        shift: What the renderer adds to a density before its softplus.
    """

    side: float
    shift: float

    @classmethod
    def of(cls, avatar: Avatar) -> Extent:
        """Read both from the component that the graph ``field`` asks: ``box_warp`` and ``density_shift``.

        Raises:
            ValueError: If the model has no such graph, or the component does not say.
        """
        graphs = avatar.model.model.report.graphs
        if "field" not in graphs:
            raise ValueError(
                f"{avatar.model.name} has no graph 'field' (styles and points to density and features), so its avatars "
                "have no shape to export; the recipe eg3d-ffhq512 has one"
            )
        for part in graphs["field"].parts.values():
            config: Any = part.config
            if hasattr(config, "box_warp") and hasattr(config, "density_shift"):
                return cls(float(config.box_warp), float(config.density_shift))
        raise ValueError(
            f"graph 'field' of {avatar.model.name} calls no component with box_warp and density_shift, such as "
            "renderer.volume; nothing says where its field lies"
        )


class Field:
    """The density and the colours of an avatar, which are found together: asked for the same points, it looks once."""

    def __init__(self, avatar: Avatar) -> None:
        self._avatar = avatar
        self._points: Tensor | None = None
        self._found: dict[str, Tensor] = {}

    def density(self, points: Tensor) -> Tensor:
        """Return the density before its softplus, ``(N,)``, at points ``(N, 3)`` in world units."""
        return self._look(points)["density"][..., 0]

    def colour(self, points: Tensor) -> Tensor:
        """Return the colours of points, ``(N, 3)`` in [0, 1]: the first three features of the field."""
        return self._look(points)["features"][:, :3].clamp(0, 1)

    def _look(self, points: Tensor) -> dict[str, Tensor]:
        if points is not self._points:
            self._found = self._avatar.model.field(self._avatar, points)
            self._points = points
        return self._found


def mesh_of(
    avatar: Avatar,
    *,
    resolution: int = 256,
    level: float = LEVEL,
    box: Box | float | None = None,
    closed: bool = True,
    parts: Literal["largest", "all"] = "largest",
    faces: int | None = None,
    coloured: bool = True,
    texture: int | None = None,
    thorough: bool = False,
    progress: Progress | None = None,
) -> Mesh:
    """Return the surface of an avatar; see :func:`aetherist.export.meshes.extract_mesh`.

    Args:
        avatar: Of a model with the graph ``field``.
        resolution: Cells along the longest side of the box.
        level: Density per world unit.
        box: Where to look; the whole field by default.
        closed: Close surfaces that leave the box.
        parts: Keep the part with the largest area, or all.
        faces: Simplify to so many faces; with a texture 20,000 by default.
        coloured: Give vertices the colours that are seen.
        texture: Bake a texture with so many texels a side, from views all around.
        thorough: Sample every cell, also far from the surface.
        progress: Told the share that is done: of the field that is sampled, and then of the views of a texture.

    Raises:
        ValueError: If nothing crosses the level, or the model has no field.
    """
    extent = Extent.of(avatar)
    field = Field(avatar)
    mesh = extract_mesh(
        field.density,
        box=extent.side if box is None else box,
        resolution=resolution,
        level=level,
        shift=extent.shift,
        closed=closed,
        parts=parts,
        faces=FACES if faces is None and texture is not None else faces,
        colour=field.colour if coloured or texture is not None else None,
        seen=True,
        thorough=thorough,
        device=avatar.model.device,
        progress=progress if texture is None else part_of(progress, 0.0, 0.5),
    )
    if texture is None:
        return mesh
    cameras = views(avatar, AROUND)
    pictures = seen(avatar, cameras, "image", part_of(progress, 0.5, 0.9))
    textured = bake_texture(mesh, cameras, pictures * 0.5 + 0.5, size=texture)
    if progress is not None:
        progress(1.0)
    return textured


def splats_from(avatar: Avatar, count: int = 100_000, *, mesh: Mesh | None = None, **options: Any) -> Splats:
    """Return splats on the surface of an avatar, in its colours.

    Args:
        avatar: Of a model with the graph ``field``.
        count: How many.
        mesh: The surface with colours at its vertices, if it is there already.
        options: Of :func:`mesh_of`.
    """
    return splats_of(mesh if mesh is not None else mesh_of(avatar, **options), count)


def write_density(
    avatar: Avatar,
    path: str | Path,
    *,
    resolution: int = 256,
    box: Box | float | None = None,
    progress: Progress | None = None,
) -> tuple[int, int, int]:
    """Write the density of an avatar as an MRC volume; see :func:`aetherist.export.volumes.write_volume`."""
    extent = Extent.of(avatar)
    return write_volume(
        path,
        avatar.density,
        box=extent.side if box is None else box,
        resolution=resolution,
        shift=extent.shift,
        label=f"Aetherist: {avatar!r}",
        device=avatar.model.device,
        progress=progress,
    )


def overlap(
    avatar: Avatar, mesh: Mesh, cameras: Cameras | None = None, *, progress: Progress | None = None
) -> list[float]:
    """Return how far a mesh covers what the volume covers (alpha over 0.5): intersection over union in each view.

    Args:
        avatar: That the mesh is of.
        mesh: In world units.
        cameras: ``(N,)``; seven before the face by default.
        progress: Told the share of the views that are rendered.

    Raises:
        ValueError: If the graph ``show`` has no output ``alpha``.
    """
    cameras = views(avatar, BEFORE) if cameras is None else cameras
    return silhouette_overlap(mesh, cameras, seen(avatar, cameras, "alpha", progress))


def seen(avatar: Avatar, cameras: Cameras, output: str, progress: Progress | None) -> Tensor:
    """Return what an avatar looks like from each camera, ``(N, C, H, W)``, and tell the share that is done."""
    pictures = []
    for camera in cameras.vector:
        pictures.append(avatar.model.render(avatar, camera, output)[output])
        if progress is not None:
            progress(len(pictures) / len(cameras))
    return torch.cat(pictures)


def part_of(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Return what is told the share of a part that goes from ``start`` to ``end`` of the whole."""
    return None if progress is None else lambda share: progress(start + (end - start) * share)


def views(avatar: Avatar, angles: tuple[tuple[float, float], ...]) -> Cameras:
    """Return the model's cameras at pairs of yaw and pitch, ``(N,)``."""
    return Cameras.stack([avatar.camera(yaw, pitch) for yaw, pitch in angles])
