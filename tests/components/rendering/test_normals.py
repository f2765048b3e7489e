"""Normals from depth: those of planes and spheres, as a camera sees them."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.components.cameras import camera_from_angles
from aetherist.components.rendering import NormalsFromDepth, normals_from_depth, pinhole_rays

SIZE = 48


def view(yaw: float = 0.3, pitch: float = -0.2, focal: float = 2.0):
    """Return a camera, and its rays in world space."""
    camera = camera_from_angles(yaw, pitch, pivot=(0, 0, 0), focal=focal)[None]
    origins, directions = pinhole_rays(camera, SIZE)
    return camera, origins, directions


def in_world(normals: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    rotation = camera[:, :16].reshape(-1, 4, 4)[:, :3, :3]
    return torch.einsum("bij,bjhw->bihw", rotation, normals)


@pytest.mark.parametrize("facing", [(0.0, 0.0, 1.0), (0.5, 0.0, 1.0), (0.2, -0.4, 1.0)])
def test_a_plane_has_one_normal(facing):
    camera, origins, directions = view()
    normal = torch.nn.functional.normalize(torch.tensor(facing), dim=0)
    depth = -(origins @ normal) / (directions @ normal)
    found = in_world(normals_from_depth(depth[:, None], camera), camera)
    assert torch.allclose(found, normal[:, None, None].expand_as(found), atol=2e-3)


def test_a_sphere_faces_away_from_its_middle():
    camera, origins, directions = view(focal=4.0)
    radius = 0.8
    along = -(origins * directions).sum(-1)
    depth = along - (radius**2 - (origins**2).sum(-1) + along**2).sqrt()
    assert depth.isfinite().all(), "the sphere fills the picture"
    found = in_world(normals_from_depth(depth[:, None], camera), camera)
    expected = ((origins + depth[..., None] * directions) / radius).movedim(-1, 1)
    inside = (..., slice(1, -1), slice(1, -1))
    angles = torch.rad2deg(torch.acos((found * expected).sum(1).clamp(-1, 1)))
    assert angles[inside].max() < 0.2
    assert angles.max() < 3, "at the border the differences are one-sided"


def test_normals_are_of_length_one_and_face_the_camera():
    camera, _, _ = view()
    depth = 2.5 + 0.05 * torch.rand(1, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    normals = NormalsFromDepth.create()(depth, camera)
    assert torch.allclose(normals.norm(dim=1), torch.ones(1, SIZE, SIZE), atol=1e-5)
    centre = normals[:, 2, SIZE // 2 - 4 : SIZE // 2 + 4, SIZE // 2 - 4 : SIZE // 2 + 4]
    assert (centre < 0).all()


def test_the_pose_does_not_matter_and_pictures_need_not_be_square():
    depth = 2.5 + 0.01 * torch.rand(1, 1, 8, 12, generator=torch.Generator().manual_seed(0))
    one, other = (normals_from_depth(depth, camera_from_angles(yaw, 0.0)[None]) for yaw in (0.0, math.pi / 3))
    assert one.shape == (1, 3, 8, 12)
    assert torch.equal(one, other)
