"""A mirrored picture has a mirrored camera: proven by projecting points."""

from __future__ import annotations

import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.data import mirror_camera


def project(camera: Tensor, points: Tensor) -> Tensor:
    """Return where points ``(N, 3)`` are seen, ``(N, 2)``, from 0 to 1 across and down the picture."""
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    seen = (points - pose[:3, 3]) @ pose[:3, :3] @ intrinsics.mT
    return seen[:, :2] / seen[:, 2:]


def cameras() -> list[Tensor]:
    plain = [camera_from_angles(yaw, pitch).double() for yaw, pitch in ((0.0, 0.0), (0.7, -0.2), (-2.5, 0.4))]
    odd = plain[1].clone()
    odd[[17, 18, 21]] = torch.tensor([0.03, 0.46, 0.55], dtype=torch.float64)
    return [*plain, odd]


def test_a_mirrored_point_is_seen_in_the_mirrored_place() -> None:
    points = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.2
    for camera in cameras():
        seen = project(camera, points)
        mirrored = project(mirror_camera(camera), points * torch.tensor([-1.0, 1, 1], dtype=torch.float64))
        assert torch.allclose(mirrored[:, 0], 1 - seen[:, 0])
        assert torch.allclose(mirrored[:, 1], seen[:, 1])


def test_the_mirrored_camera_is_a_camera_and_mirroring_twice_is_nothing() -> None:
    for camera in cameras():
        rotation = mirror_camera(camera)[:16].reshape(4, 4)[:3, :3]
        assert torch.allclose(torch.linalg.det(rotation), torch.ones((), dtype=torch.float64))
        assert torch.allclose(mirror_camera(mirror_camera(camera)), camera)


def test_only_the_fields_entries_change_for_a_usual_camera() -> None:
    camera = camera_from_angles(0.4, 0.1)
    changed = (mirror_camera(camera) != camera).nonzero().flatten().tolist()
    assert set(changed) <= {1, 2, 3, 4, 8}


def test_the_given_camera_is_left_alone() -> None:
    camera = camera_from_angles(0.4, 0.1)
    kept = camera.clone()
    mirror_camera(camera)
    assert torch.equal(camera, kept)
