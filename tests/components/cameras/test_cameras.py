"""The value type: a camera sees what stands before it, where it should."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aetherist.components.cameras import Cameras, camera_from_angles, orbit, sway
from aetherist.components.types import Camera
from tests.components.cameras.drawing import cameras, close, points


@given(cameras())
def test_the_25_numbers_are_the_camera(camera: Cameras) -> None:
    assert camera.vector.shape == (25,)
    assert Camera.check(camera.vector[None]) is None
    assert torch.equal(Cameras.from_vector(camera.vector).pose, camera.pose)
    assert torch.equal(Cameras.from_vector(camera.vector).intrinsics, camera.intrinsics)


@given(points(), points())
def test_a_camera_that_looks_at_a_target_sees_it_at_the_principal_point(position: Tensor, target: Tensor) -> None:
    if float((target - position)[[0, 2]].norm()) < 0.01:
        return
    camera = Cameras.look_at(position, target, fov=40)
    seen = camera.project(target[None], 64)
    assert torch.allclose(seen.pixels, torch.tensor([[32.0, 32.0]], dtype=torch.float64), atol=1e-6)
    assert torch.allclose(seen.depth, (target - position).norm())
    torch.testing.assert_close(camera.rotation @ camera.rotation.mT, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.det(camera.rotation) > 0
    assert camera.up[1] > 0


@given(cameras(), st.floats(0.1, 5))
def test_a_point_on_the_ray_through_a_pixel_is_seen_there(camera: Cameras, distance: float) -> None:
    rays = camera.rays(5)
    on_them = (rays.origins + distance * rays.directions).reshape(-1, 3)
    rows, columns = torch.meshgrid(torch.arange(5) + 0.5, torch.arange(5) + 0.5, indexing="ij")
    seen = camera.project(on_them, 5)
    torch.testing.assert_close(seen.pixels, torch.stack([columns, rows], -1).reshape(-1, 2).double())
    assert (seen.depth > 0).all()


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(0.5, 9), points())
def test_spherical_coordinates_lead_back(yaw: float, pitch: float, radius: float, center: Tensor) -> None:
    place = center.tolist()
    angle = torch.tensor(yaw, dtype=torch.float64)
    camera = Cameras.from_angles(angle, pitch, radius=radius, center=place, pivot=place)
    found = camera.spherical(place)
    assert torch.allclose(torch.stack(found), torch.tensor([yaw, pitch, radius], dtype=torch.float64), atol=1e-9)


@given(st.floats(1, 170))
def test_a_field_of_view_leads_back(degrees: float) -> None:
    camera = Cameras.look_at((0, 0, 2), (0, 0, 0), fov=degrees)
    assert float(camera.fov) == pytest.approx(degrees, rel=1e-5)
    edge = math.tan(math.radians(degrees) / 2) * 2
    assert camera.project(torch.tensor([[edge, 0.0, 0.0]]), 10).pixels[0, 0] == pytest.approx(10, rel=1e-4)


def test_angles_may_be_tensors_and_carry_gradients() -> None:
    yaw = torch.tensor([-0.3, 0.0, 0.5], requires_grad=True)
    several = Cameras.from_angles(yaw, 0.1, pivot=(0, 0, 0))
    assert several.shape == (3,)
    assert torch.equal(several.vector[2], camera_from_angles(0.5, 0.1, pivot=(0, 0, 0)))
    several.position.sum().backward()
    assert yaw.grad is not None
    assert (yaw.grad != 0).all()


def test_a_batch_is_indexed_iterated_and_joined_like_a_tensor() -> None:
    five = sway(5)
    assert len(five) == 5
    assert five[1:3].shape == (2,)
    assert five[torch.tensor([4, 0])].shape == (2,)
    assert five[2].shape == ()
    assert torch.equal(Cameras.stack(list(five)).vector, five.vector)
    assert Cameras.cat([five, five[:1]]).shape == (6,)
    assert Cameras.stack([five, five])[1, 3].shape == ()
    assert five.reshape(5, 1).rays(4).directions.shape == (5, 1, 4, 4, 3)
    assert five.to(torch.float64).pose.dtype == torch.float64
    assert five.project(torch.zeros(7, 3), 64).pixels.shape == (5, 7, 2)


def test_axes_point_where_they_say() -> None:
    front = Cameras.from_angles(0.0, 0.0)
    assert front.right.tolist() == pytest.approx([1, 0, 0])
    assert front.up.tolist() == pytest.approx([0, 1, 0])
    assert front.forward.tolist() == pytest.approx([0, 0, -1])
    assert front.position.tolist() == pytest.approx([0, 0, 2.7])
    assert front.project(torch.tensor([[0.1, 0.2, 0.2]]), 64).pixels[0].sub(32).sign().tolist() == [1, -1]


def test_a_wide_camera_squared_keeps_its_height_and_its_middle() -> None:
    matrix = torch.tensor([[1.0, 0.0, 0.4], [0.0, 2.0, 0.6], [0.0, 0.0, 1.0]])
    wide = Cameras(sway(1).pose[0], matrix)
    square = wide.squared()
    assert square.intrinsics[:2, :2].tolist() == [[2, 0], [0, 2]]
    points = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    old, new = wide.project(points, 1).pixels, square.project(points, 1).pixels
    torch.testing.assert_close(new[:, 1], old[:, 1])
    torch.testing.assert_close(new[:, 0] - 0.5, 2 * (old[:, 0] - 0.5))


def test_a_single_camera_is_no_list() -> None:
    one = orbit(3)[0]
    for use in (len, list, lambda camera: camera[0]):
        with pytest.raises(TypeError, match=r"reshape\(1\)"):
            use(one)
    assert "position=" in repr(one)
    assert "(3,)" in repr(orbit(3))
    assert close(one.reshape(1)[0], one)


def test_what_is_no_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="25 numbers"):
        Cameras.from_vector(torch.zeros(2, 16))
    with pytest.raises(ValueError, match="the same batch"):
        Cameras(torch.eye(4).expand(2, 4, 4), torch.eye(3))
    with pytest.raises(ValueError, match="not both"):
        Cameras.look_at((0, 0, 1), (0, 0, 0), fov=30, focal=2)
    with pytest.raises(ValueError, match="field of view of 180"):
        Cameras.look_at((0, 0, 1), (0, 0, 0), fov=180)
