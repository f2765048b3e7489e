"""Where cameras go: around, before, towards, aside."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.components.cameras import Cameras, camera_from_angles, dolly, orbit, pan, sway, truck
from aetherist.components.types import Camera

FRONT = Cameras.from_angles(0.0, 0.0, pivot=(0, 0, 0))
THING = torch.tensor([[0.1, -0.2, 0.0]])


def test_an_orbit_goes_round_once_and_looks_at_the_pivot() -> None:
    cameras = orbit(8, pivot=(0, 0, 0), radius=1.7, elevation=0.3)
    found = cameras.spherical()
    torch.testing.assert_close(found.radius, torch.full((8,), 1.7))
    torch.testing.assert_close(found.pitch, torch.full((8,), 0.3))
    torch.testing.assert_close(found.yaw[:4], torch.arange(4) * math.pi / 4)
    torch.testing.assert_close(cameras.project(torch.zeros(1, 3), 64).pixels, torch.full((8, 1, 2), 32.0))
    assert Camera.check(cameras.vector) is None


def test_a_closed_orbit_does_not_show_its_first_view_twice() -> None:
    assert (orbit(6)[-1].position - orbit(6)[0].position).norm() > 1
    torch.testing.assert_close(orbit(7, closed=False)[:6].vector, orbit(6).vector)
    torch.testing.assert_close(orbit(7, closed=False)[-1].vector, orbit(6)[0].vector, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        orbit(3, start=0.5, turns=-0.5, closed=False).spherical().yaw[1], torch.tensor(0.5 - math.pi / 2)
    )


def test_a_sway_is_a_closed_ellipse_before_the_face() -> None:
    cameras = sway(4, yaw=0.4, pitch=0.2)
    expected = [(0, 0.2), (0.4, 0), (0, -0.2), (-0.4, 0)]
    torch.testing.assert_close(cameras.vector, torch.stack([camera_from_angles(*angles) for angles in expected]))


def test_a_dolly_moves_along_the_view() -> None:
    cameras = dolly(FRONT, 3, 1.0)
    torch.testing.assert_close(cameras.position[:, 2], torch.tensor([2.7, 2.2, 1.7]))
    assert torch.equal(cameras.forward, FRONT.forward.expand(3, 3))
    assert torch.equal(cameras[0].vector, FRONT.vector)


def test_a_dolly_that_holds_a_thing_keeps_its_size() -> None:
    cameras = dolly(FRONT, 5, 1.5, hold=2.7)
    seen = cameras.project(THING, 64).pixels
    torch.testing.assert_close(seen, seen[:1].expand_as(seen))
    assert cameras.fov[-1] > 2 * cameras.fov[0]
    with pytest.raises(ValueError, match="cannot hold"):
        dolly(FRONT, 5, 3.0, hold=2.7)


def test_a_pan_turns_to_the_right_and_up_where_it_stands() -> None:
    cameras = pan(FRONT, 3, 0.4, tilt=0.2)
    assert torch.equal(cameras.position, FRONT.position.expand(3, 3))
    right, up = cameras.forward[:, 0], cameras.forward[:, 1]
    torch.testing.assert_close(up, torch.tensor([0.0, 0.1, 0.2]).sin())
    torch.testing.assert_close(right, torch.tensor([0.0, 0.2, 0.4]).sin() * torch.tensor([0.0, 0.1, 0.2]).cos())
    assert Camera.check(cameras.vector) is None


def test_a_truck_moves_across_the_view() -> None:
    cameras = truck(FRONT, 2, 0.3, up=0.1)
    torch.testing.assert_close(cameras.position[1], torch.tensor([0.3, 0.1, 2.7]))
    assert torch.equal(cameras.rotation, FRONT.rotation.expand(2, 3, 3))


@pytest.mark.parametrize(
    "moved", [lambda n: dolly(FRONT, n, 1.0, closed=True), lambda n: pan(FRONT, n, 1.0, closed=True)]
)
def test_a_closed_motion_goes_there_and_back(moved: object) -> None:
    cameras = moved(6)
    torch.testing.assert_close(cameras[1].vector, cameras[5].vector)
    torch.testing.assert_close(cameras[2].vector, cameras[4].vector)
    assert torch.equal(cameras[0].vector, FRONT.vector)


def test_what_cannot_be_a_trajectory_is_refused() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        orbit(0)
    with pytest.raises(ValueError, match="a single camera"):
        dolly(sway(2), 3, 1.0)
