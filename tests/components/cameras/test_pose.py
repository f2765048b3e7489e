"""Camera vectors from angles."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.components.cameras import camera_from_angles, camera_vector, focal_from_fov, intrinsics, look_at
from aetherist.components.types import Camera
from tests.references import oracle


def test_the_frontal_camera_is_the_references() -> None:
    assert (camera_from_angles(0, 0, focal=4.263391) - oracle.expected("tiny128")["pose"][0]).abs().max() < 1e-5


def test_every_camera_of_the_references_is_a_yaw_and_a_pitch() -> None:
    for camera in torch.cat([oracle.expected("tiny128")[key] for key in ("camera", "pose")]):
        x, y, z = camera[[3, 7, 11]].tolist()
        mine = camera_from_angles(math.atan2(x, z), math.asin(y / 2.7), focal=camera[16].item())
        assert (mine - camera).abs().max() < 1e-5


def test_yaw_goes_to_x_and_pitch_goes_up() -> None:
    assert camera_from_angles(0.3, 0)[3] > 0
    assert camera_from_angles(0, 0.3)[7] > 0


def test_all_cameras_on_a_sphere_look_at_the_pivot() -> None:
    cameras = camera_from_angles(torch.linspace(-2, 2, 7), 0.3, pivot=(0.0, 0.0, -0.06), radius=1.7)
    assert cameras.shape == (7, 25)
    assert Camera.check(cameras) is None
    poses = cameras[:, :16].reshape(-1, 4, 4)
    toward = torch.tensor([0.0, 0.0, -0.06]) - poses[:, :3, 3]
    torch.testing.assert_close(poses[:, :3, 3].norm(dim=-1), torch.full((7,), 1.7))
    torch.testing.assert_close(toward / toward.norm(dim=-1, keepdim=True), poses[:, :3, 2], atol=1e-6, rtol=0)


def test_a_field_of_view_is_a_focal_length() -> None:
    assert focal_from_fov(90) == pytest.approx(0.5)
    assert camera_vector(torch.eye(4), intrinsics(0.5)).shape == (25,)


def test_a_camera_on_its_target_is_refused() -> None:
    with pytest.raises(ValueError, match="stands on its target"):
        look_at(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match="along 'up'"):
        camera_from_angles(0.0, math.pi / 2, pivot=(0, 0, 0))
