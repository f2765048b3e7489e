"""Surfaces seen by cameras, in a world of balls that is known exactly."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.graphs.evaluation.geometry import View, angle_between, cross, directions, head_size, reduced, yaw_of
from tests.graphs.evaluation.spheres import ball, camera


def view(yaw: float, resolution: int = 96, **changes) -> View:
    place = camera(yaw)[None]
    shown = ball(torch.zeros(1, 4), place, resolution)
    return View(shown["image"], shown["depth"], shown["alpha"], place)._replace(**changes)


def test_the_size_of_a_ball_is_the_root_of_the_area_that_it_shows():
    # A ball of radius 0.2 shows its silhouette; the median depth is nearer than its middle, which takes off some 6%.
    assert float(head_size(view(0.3))) == pytest.approx(0.2 * math.sqrt(math.pi), rel=0.08)


def test_the_size_of_nothing_is_no_number():
    empty = view(0.0)
    assert head_size(empty._replace(alpha=torch.zeros_like(empty.alpha))).isnan().all()


def test_two_cameras_see_one_surface_in_one_place():
    one, two = view(0.0), view(0.4)
    size = head_size(one)
    found = cross(one, two, size)
    assert float(found.error / size) < 0.002
    assert float(found.colour) < 0.01
    # Turning a ball by 0.4 hides a strip of it; the edge of what is seen is left out too.
    assert 0.7 < float(found.shared) < 0.95


def test_an_error_of_one_depth_is_found_as_large_as_it_is():
    one, two = view(0.0), view(0.2)
    size = head_size(one)
    found = cross(one, two._replace(depth=two.depth + 0.01), size)
    assert float(found.error) == pytest.approx(0.01, rel=0.1)


def test_what_is_hidden_is_not_compared():
    one, two = view(0.0), view(0.3)
    size = head_size(one)
    screen = two.depth.clone()
    screen[..., :48] -= 1.0
    whole, half = cross(one, two, size), cross(one, two._replace(depth=screen), size)
    assert float(half.error) < 0.005
    assert float(half.shared) < 0.7 * float(whole.shared)


def test_cameras_that_share_nothing_have_no_error():
    one, two = view(0.0), view(0.2)
    found = cross(one, two._replace(alpha=torch.zeros_like(two.alpha)), head_size(one))
    assert found.error.isnan().all()
    assert found.shared.tolist() == [0.0]


def test_depth_is_reduced_over_the_surface_alone():
    fine, coarse = view(0.0, 96), view(0.0, 24)
    small = reduced(fine, 24)
    both = small.mask & coarse.mask
    assert small.depth.shape == (1, 1, 24, 24)
    assert float((small.depth - coarse.depth)[both].abs().max()) < 0.04
    assert float(small.depth[both].min()) > 2.4


def test_angles_of_cameras():
    cameras = torch.stack([camera(0.0), camera(0.5), camera(-2.0, 0.1)])
    assert yaw_of(cameras).tolist() == pytest.approx([0.0, math.degrees(0.5), math.degrees(-2.0)], abs=1e-4)
    towards = directions(cameras)
    assert float(angle_between(towards[0], towards[1])) == pytest.approx(math.degrees(0.5), abs=1e-4)
