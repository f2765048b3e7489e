"""Pinhole rays, and the box they cross."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.components.rendering import PinholeRays, box_limits, pinhole_rays, project


def test_the_middle_of_a_frontal_picture_looks_along_minus_z() -> None:
    origins, directions = PinholeRays.create(resolution=3)(camera_from_angles(0, 0)[None])
    torch.testing.assert_close(origins[0, 1, 1], torch.tensor([0.0, 0.0, 2.7]))
    torch.testing.assert_close(directions[0, 1, 1], torch.tensor([0.0, 0.0, -1.0]))


def test_columns_run_right_and_rows_run_down() -> None:
    _, directions = PinholeRays.create(resolution=2)(camera_from_angles(0, 0)[None])
    right, down = directions[0, 0, 1] - directions[0, 0, 0], directions[0, 1, 0] - directions[0, 0, 0]
    assert right[0] > 0.1
    assert down[1] < -0.1


def test_rays_pass_through_the_pixels_they_project_to() -> None:
    """Projecting a point of each ray with the intrinsics, skew included, gives the pixel's centre."""
    camera = camera_from_angles(0.3, -0.2)
    camera[17] = 0.05
    origins, directions = PinholeRays.create(resolution=4)(camera[None])
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    points = (origins + 1.7 * directions)[0].reshape(-1, 3)
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    projected = local @ intrinsics.T
    projected = projected[:, :2] / projected[:, 2:]
    centres = (torch.arange(4) + 0.5) / 4
    expected = torch.stack([centres.repeat(4), centres.repeat_interleave(4)], dim=-1)
    torch.testing.assert_close(projected, expected)
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(1, 4, 4))


def rays(*rows: tuple[list[float], list[float]]) -> tuple[Tensor, Tensor]:
    return tuple(torch.tensor([[row[i] for row in rows]]) for i in (0, 1))  # type: ignore[return-value]


def test_limits_are_where_the_box_is_entered_and_left() -> None:
    near, far = box_limits(*rays(([0.0, 0.0, 3.0], [0.0, 0.0, -1.0]), ([0.2, 0.1, 0.0], [1.0, 0.0, 0.0])), side=1.0)
    torch.testing.assert_close(near.flatten(), torch.tensor([2.5, 0.0]))
    torch.testing.assert_close(far.flatten(), torch.tensor([3.5, 0.3]))


def test_a_ray_that_misses_takes_the_entries_of_those_that_hit() -> None:
    hits = [([0.0, 0.0, 3.0], [0.0, 0.0, -1.0]), ([0.0, 0.0, 4.0], [0.0, 0.0, -1.0])]
    near, far = box_limits(*rays(*hits, ([5.0, 0.0, 3.0], [0.0, 0.0, -1.0])), side=1.0)
    assert near[0, 2].item() == pytest.approx(2.5)
    assert far[0, 2].item() == pytest.approx(3.5)


def test_a_picture_without_the_box_has_finite_limits() -> None:
    near, far = box_limits(*rays(([0.0, 0.0, 3.0], [0.0, 0.0, 1.0])), side=1.0)
    assert near.item() == far.item() == 3.0


@pytest.mark.parametrize("yaw", [0.0, 0.4])
def test_projection_undoes_the_rays(yaw: float) -> None:
    camera = camera_from_angles(yaw, -0.1)[None].double()
    origins, directions = pinhole_rays(camera, 5)
    places, distance, in_front = project(camera, origins + 2.5 * directions)
    centres = (torch.arange(5, dtype=torch.float64) + 0.5) / 2.5 - 1
    expected: Tensor = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), dim=-1)[None]
    assert torch.allclose(places, expected, atol=1e-6)  # the pose is rounded to float32
    assert torch.allclose(distance, torch.tensor(2.5, dtype=torch.float64))
    assert in_front.all()
    assert not project(camera, origins - 2.5 * directions)[2].any()
