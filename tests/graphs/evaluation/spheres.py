"""A world of coloured balls that is known exactly: a model that shows it, and a data set of it."""

from __future__ import annotations

import io
from pathlib import Path

import attrs
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.components.rendering.rays import pinhole_rays
from tests.data.helpers import write_set

PIVOT = (0.0, 0.0, 0.0)
UNIT = 5e-4


def camera(yaw: float, pitch: float = 0.0) -> Tensor:
    return camera_from_angles(yaw, pitch, pivot=PIVOT)


def ball(latents: Tensor, cameras: Tensor, resolution: int) -> dict[str, Tensor]:
    """Show a ball for each latent: its first number is the size, the next three the colour."""
    origins, rays = pinhole_rays(cameras, resolution)
    radius = (0.2 + 0.02 * latents[:, 0].tanh()).view(-1, 1, 1)
    along = (origins * rays).sum(-1)
    inside = along.square() - origins.square().sum(-1) + radius.square()
    hit = inside > 0
    depth = -along - inside.clamp(min=0).sqrt()
    points = origins + depth[..., None] * rays
    paint = latents[:, 1:4].tanh().view(-1, 1, 1, 3) * 0.5 + 0.4 * (8 * points).sin()
    image = torch.where(hit[..., None], paint, torch.ones_like(paint)).movedim(-1, 1)
    return {"image": image, "depth": (depth * hit)[:, None], "alpha": hit.float()[:, None]}


@attrs.define(eq=False)
class Balls:
    """A model of that world, exact but for what is asked otherwise.

    Attributes:
        farther: Added to every depth.
        leaning: Added to depth per unit of the camera's x: depths of two cameras then disagree.
        pose_tints: Whether pictures are tinted by the pose that people are conditioned on.
    """

    farther: float = 0.0
    leaning: float = 0.0
    pose_tints: bool = False
    outputs: frozenset[str] = frozenset({"image", "depth", "alpha"})
    resolution: int = 32
    latent_dim: int = 4
    frontal: Tensor = attrs.field(factory=lambda: camera(0.0))
    device: torch.device = attrs.field(factory=lambda: torch.device("cpu"))

    @property
    def conditioned(self) -> bool:
        return self.pose_tints

    def show(self, latents: Tensor, cameras: Tensor, poses: Tensor | None = None) -> dict[str, Tensor]:
        shown = ball(latents, cameras, self.resolution)
        shown["depth"] = shown["depth"] + self.farther + self.leaning * cameras[:, 3].view(-1, 1, 1, 1)
        if self.pose_tints and poses is not None:
            shown["image"] = shown["image"] * (1 - poses[:, 3].abs().clamp(max=1)).view(-1, 1, 1, 1)
        return {name: shown[name] for name in self.outputs}


def balls_set(path: Path, people: int = 12, views: int = 3, resolution: int = 32, *, truth: bool = True) -> Path:
    """Write a data set of that world, with latents, masks and depths or without."""
    draws = torch.Generator().manual_seed(7)
    files: dict[str, bytes] = {}
    index: dict = {"labels": [], "attributes": {}, "masks": {}, "depths": {}, "depth_unit": UNIT}
    for person in range(people):
        latent = torch.randn(1, 4, generator=draws)
        for view in range(views):
            place = camera(*(torch.rand(2, generator=draws) * torch.tensor([1.0, 0.4]) - torch.tensor([0.5, 0.2])))
            shown = ball(latent, place[None], resolution)
            name = f"images/{person:03d}/{view}.png"
            pixels = (shown["image"][0] * 127.5 + 128).clamp(0, 255).byte().movedim(0, -1).numpy()
            files[name] = _png(pixels)
            index["labels"].append([name, place.tolist()])
            index["attributes"][name] = {"identity": person}
            if truth:
                index["attributes"][name]["latent"] = latent[0].tolist()
                for key, array in (
                    ("masks", (shown["alpha"][0, 0] * 255).byte().numpy()),
                    ("depths", (shown["depth"][0, 0] / UNIT).round().numpy().astype(np.uint16)),
                ):
                    index[key][name] = name.replace("images", key)
                    files[index[key][name]] = _png(array)
    return write_set(path, index, files)


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()
