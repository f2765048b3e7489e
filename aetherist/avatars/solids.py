"""Avatars as meshes, splats and videos: what :mod:`aetherist.export` makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from aetherist.components.cameras import Cameras
from aetherist.core.graph import OutputRef
from aetherist.export.meshes import Mesh, extract_mesh
from aetherist.export.splats import Splats, splats_of
from aetherist.export.texture import FACES, bake_texture
from aetherist.export.video import write_video
from aetherist.graphs.generate import to_pixels

if TYPE_CHECKING:
    from aetherist.avatars.avatar import Avatar
    from aetherist.avatars.model import AvatarModel

LOOKS = ((0.0, 0.0), (-0.5, 0.0), (0.5, 0.0), (0.0, 0.4), (0.0, -0.4), (-1.0, 0.1), (1.0, 0.1))
"""Yaw and pitch of the pictures that a texture is baked of."""


def mesh_of(avatar: Avatar, resolution: int, colours: bool, texture: int | None, options: dict[str, Any]) -> Mesh:
    """Return the surface of an avatar; see :meth:`Avatar.mesh`."""
    model = avatar.model
    box, shift = _space(model)
    options = {"box": box, "shift": shift, "colour": _colours(avatar) if colours else None} | options
    if texture is not None:
        options = {"faces": FACES} | options
    mesh = extract_mesh(avatar.density, resolution=resolution, device=model.device, **options)
    if texture is None:
        return mesh
    cameras = Cameras.stack([model.camera(*angles) for angles in LOOKS])
    meaning = model.meaning("image")
    shown = model.render(avatar, cameras)["image"]
    pictures = [to_pixels(picture, meaning)[0].float() / 255 for picture in shown]
    return bake_texture(mesh, cameras, torch.stack(pictures), size=texture)


def splats(avatar: Avatar, count: int, resolution: int, options: dict[str, Any]) -> Splats:
    """Return splats on the surface of an avatar; see :meth:`Avatar.splats`."""
    mesh = mesh_of(avatar, resolution, False, None, options)
    return splats_of(mesh, count, colour=_colours(avatar), device=avatar.model.device)


def video_of(avatar: Avatar, path: str | Path, cameras: Cameras, output: str, options: dict[str, Any]) -> int:
    """Write what cameras see of an avatar, frame by frame; see :meth:`Avatar.video`."""
    meaning = avatar.model.meaning(output)
    frames = avatar.model.pictures(avatar, cameras, output=output, as_="tensor")
    return write_video(path, (to_pixels(frame, meaning)[0] for frame in frames), **options)


def _colours(avatar: Avatar) -> Any:
    return lambda points: avatar.model.field(avatar, points)["features"][:, :3]


def _space(model: AvatarModel) -> tuple[float, float | None]:
    """Return the side of the cube that the field fills, and what is added to its density before the softplus."""
    graph = model.plan("field").graph
    wire = graph.outputs["density"]
    assert isinstance(wire, OutputRef)
    config = graph.steps[wire.step].part.config
    return float(getattr(config, "box_warp", 1.0)), getattr(config, "density_shift", None)
