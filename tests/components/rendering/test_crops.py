"""Crops around a point in space: what they show, from anywhere and through any lens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles, focal_from_fov
from aetherist.components.rendering import CropAroundPoint, PinholeRays

POINT = (0.05, -0.08, 0.2)


def seen(camera: Tensor, size: int) -> Tensor:
    """Return a picture whose colours say how far right of the point, and below it, each pixel is."""
    origins, directions = PinholeRays.create(resolution=size)(camera[None])
    right, down, forward = camera[:16].reshape(4, 4)[:3, :3].unbind(-1)
    to_point = torch.tensor(POINT) - origins
    on_plane = directions * ((to_point @ forward) / (directions @ forward))[..., None] - to_point
    return torch.stack([on_plane @ right, on_plane @ down, torch.zeros_like(on_plane[..., 0])], dim=1)


@pytest.mark.parametrize(
    ("yaw", "radius", "fov"), [(0.0, 2.7, 18.8), (0.6, 2.7, 18.8), (-1.2, 1.9, 30.0), (0.3, 3.5, 12.0)]
)
def test_a_crop_shows_the_same_square_from_anywhere_and_through_any_lens(yaw: float, radius: float, fov: float) -> None:
    camera = camera_from_angles(yaw, 0.1, radius=radius)
    camera[16] = camera[20] = focal_from_fov(fov)
    crop = CropAroundPoint.create(centre=POINT, side=0.2, resolution=4)(seen(camera, 64), camera[None])
    steps = torch.tensor([-0.075, -0.025, 0.025, 0.075])
    torch.testing.assert_close(crop[0, 0], steps[None, :].expand(4, 4), atol=1e-4, rtol=0)
    torch.testing.assert_close(crop[0, 1], steps[:, None].expand(4, 4), atol=1e-4, rtol=0)


def test_beyond_the_edge_the_edge_goes_on() -> None:
    picture = torch.arange(8.0).expand(1, 3, 8, 8)
    aside = CropAroundPoint.create(centre=(5.0, 0.0, 0.0), side=0.1, resolution=3)
    assert torch.equal(aside(picture, camera_from_angles(0, 0)[None]), torch.full((1, 3, 3, 3), 7.0))


def test_only_what_the_crop_shows_gets_gradients() -> None:
    picture = torch.zeros(1, 3, 32, 32, requires_grad=True)
    crop = CropAroundPoint.create(centre=(0.0, 0.0, 0.0), side=0.1, resolution=8)
    crop(picture, camera_from_angles(0, 0)[None]).sum().backward()
    assert picture.grad is not None
    rows = picture.grad[0, 0].abs().sum(dim=1).nonzero().flatten()
    assert (int(rows.min()), int(rows.max())) == (13, 18)
    assert float(picture.grad.sum()) == pytest.approx(3 * 64)
