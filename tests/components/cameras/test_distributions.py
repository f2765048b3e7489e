"""Cameras drawn from seeds."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.components.cameras import (
    CameraDistribution,
    EmpiricalCameras,
    GaussianCameras,
    SphereCameras,
    UniformCameras,
    sway,
)
from aetherist.components.types import Camera

ALL = [
    GaussianCameras(),
    UniformCameras(),
    SphereCameras(pivot=(0.0, 0.0, 0.0)),
    EmpiricalCameras(sway(7)),
]


@pytest.mark.parametrize("distribution", ALL, ids=lambda each: type(each).__name__)
def test_a_seed_gives_the_same_cameras_and_more_start_with_fewer(distribution: CameraDistribution) -> None:
    drawn = distribution.sample(20, seed=3)
    assert drawn.shape == (20,)
    assert Camera.check(drawn.vector) is None
    assert torch.equal(drawn.vector, distribution.sample(20, seed=3).vector)
    assert torch.equal(drawn[:5].vector, distribution.sample(5, seed=3).vector)
    assert not torch.equal(drawn.vector, distribution.sample(20, seed=4).vector)


def test_what_a_seed_gives_is_fixed() -> None:
    yaw, pitch, _ = GaussianCameras().sample(1, seed=0).spherical()
    assert (float(yaw), float(pitch)) == (pytest.approx(0.0377191, abs=1e-6), pytest.approx(-0.0204763, abs=1e-6))


def test_gaussian_angles_have_their_mean_and_spread() -> None:
    found = GaussianCameras(yaw=0.3, pitch=0.1, mean=(0.2, -0.1), radius=2.0).sample(4000).spherical()
    assert float(found.yaw.mean()) == pytest.approx(0.2, abs=0.02)
    assert float(found.yaw.std()) == pytest.approx(0.3, rel=0.05)
    assert float(found.pitch.std()) == pytest.approx(0.1, rel=0.05)
    torch.testing.assert_close(found.radius, torch.full((4000,), 2.0))


def test_uniform_angles_fill_their_limits() -> None:
    found = UniformCameras(yaw=(-1.0, 0.5), pitch=(0.0, 0.2)).sample(2000).spherical()
    assert (float(found.yaw.min()), float(found.yaw.max())) == (
        pytest.approx(-1, abs=0.01),
        pytest.approx(0.5, abs=0.01),
    )
    assert float(found.pitch.mean()) == pytest.approx(0.1, abs=0.01)


def test_a_full_sphere_is_as_dense_at_the_poles_as_at_the_equator() -> None:
    position = SphereCameras(radius=1.0).sample(6000).position
    assert position.mean(0).norm() < 0.05
    assert ((position[:, 1].abs() > 0.9).float().mean() - 0.1).abs() < 0.015
    assert SphereCameras().sample(6000).spherical().yaw.abs().max() > math.pi - 0.01


def test_empirical_cameras_are_the_data_sets_own_all_of_them() -> None:
    vectors = sway(7).vector
    drawn = EmpiricalCameras.of_vectors(vectors).sample(200).vector
    matches = (drawn[:, None] == vectors).all(-1)
    assert matches.any(1).all()
    assert matches.any(0).all()
    with pytest.raises(ValueError, match=r"give \(N,\)"):
        EmpiricalCameras(sway(2)[0])
