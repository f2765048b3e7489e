"""Cameras between keys hit their keys, stay cameras, and go the way they are told."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aetherist.components.cameras import Cameras, cameras_at, interpolate, orbit, sway
from aetherist.components.types import Camera
from tests.components.cameras.drawing import cameras, close

CURVES = st.sampled_from(["segments", "spline"])
MOTIONS = st.sampled_from(["screw", "straight"])
EASES = st.sampled_from(["linear", "smooth"])


@given(st.lists(cameras(), min_size=1, max_size=4), st.integers(1, 3), st.booleans(), CURVES, MOTIONS, EASES)
def test_interpolation_hits_its_keys_and_gives_cameras(
    keys: list[Cameras], steps: int, closed: bool, curve: str, motion: str, ease: str
) -> None:
    path = Cameras.stack(keys)
    frames = steps * len(keys) if closed else 1 + steps * (len(keys) - 1)
    made = interpolate(path, frames, closed=closed, curve=curve, motion=motion, ease=ease)
    assert made.shape == (frames,)
    for number, key in enumerate(keys):
        assert close(made[number * steps if len(keys) > 1 else 0], key, 1e-7)
    identity = torch.eye(3, dtype=torch.float64).expand(frames, 3, 3)
    assert torch.allclose(made.rotation @ made.rotation.mT, identity, atol=1e-9)
    assert (made.focal > 0).all()


def test_a_screw_between_two_views_keeps_its_distance() -> None:
    keys = Cameras.from_angles(torch.tensor([-0.6, 0.6]), 0.0, pivot=(0, 0, 0))
    arc, line = interpolate(keys, 5), interpolate(keys, 5, motion="straight")
    torch.testing.assert_close(arc.position.norm(dim=-1), torch.full((5,), 2.7))
    torch.testing.assert_close(arc.spherical().yaw, torch.linspace(-0.6, 0.6, 5))
    torch.testing.assert_close(line.position[2, 2], torch.tensor(2.7 * math.cos(0.6)))
    torch.testing.assert_close(line.rotation, arc.rotation)


def test_four_keys_of_an_orbit_make_the_orbit() -> None:
    keys = orbit(4, pivot=(0, 0, 0))
    made = interpolate(keys, 16, closed=True)
    torch.testing.assert_close(made.vector, orbit(16, pivot=(0, 0, 0)).vector, atol=1e-5, rtol=0)
    assert Camera.check(made.vector) is None


@pytest.mark.parametrize("closed", [False, True])
def test_a_spline_does_not_turn_suddenly_at_a_key(closed: bool) -> None:
    keys = sway(5).to(torch.float64)
    step = 1e-4

    def velocity(curve: str, at: float) -> torch.Tensor:
        pair = cameras_at(keys, torch.tensor([at, at + step], dtype=torch.float64), closed=closed, curve=curve)
        return (pair.pose[1] - pair.pose[0]) / step

    def jump(curve: str) -> float:
        return float((velocity(curve, 2.0) - velocity(curve, 2.0 - step)).norm())

    assert jump("spline") < 1e-2 < jump("segments")


def test_ease_rests_at_the_keys() -> None:
    keys = orbit(3, closed=False, turns=0.2, pivot=(0, 0, 0))
    yaw = interpolate(keys, 21, ease="smooth").spherical().yaw
    speed = yaw.diff()
    assert speed[9] < speed[5] / 3
    assert speed[0] < speed[5] / 3


def test_a_zoom_is_even_in_ratio() -> None:
    one, two = (Cameras.look_at((0, 0, 2), (0, 0, 0), focal=focal) for focal in (1.0, 4.0))
    torch.testing.assert_close(interpolate(Cameras.stack([one, two]), 3).focal, torch.tensor([1.0, 2.0, 4.0]))


def test_times_of_ones_own_must_lie_on_the_path() -> None:
    keys = sway(3)
    assert cameras_at(keys, torch.tensor([0.0, 1.5, 2.0])).shape == (3,)
    with pytest.raises(ValueError, match=r"from 0 to 2, not 0 to 2\.5"):
        cameras_at(keys, torch.tensor([0.0, 2.5]))
    with pytest.raises(ValueError, match=r"give \(K,\)"):
        interpolate(keys.reshape(3, 1), 4)
    with pytest.raises(ValueError, match="0 frames"):
        interpolate(keys, 0)
