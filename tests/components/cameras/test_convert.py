"""Camera conventions are converted by visible components."""

from __future__ import annotations

import torch

from aetherist.components.cameras import (
    FromOpenGL,
    FromWorldToCamera,
    ToOpenGL,
    ToWorldToCamera,
    camera_from_angles,
    sway,
)
from aetherist.components.types import Camera, CameraOpenGL, CameraWorldToCamera

CAMERAS = sway(5).vector


def test_world_to_camera_is_the_inverse() -> None:
    inverse = ToWorldToCamera.create()(CAMERAS)
    product = inverse[:, :16].reshape(-1, 4, 4) @ CAMERAS[:, :16].reshape(-1, 4, 4)
    torch.testing.assert_close(product, torch.eye(4).expand(5, 4, 4), atol=1e-6, rtol=0)
    torch.testing.assert_close(FromWorldToCamera.create()(inverse), CAMERAS, atol=1e-6, rtol=0)
    assert CameraWorldToCamera.check(inverse) is None


def test_opengl_looks_backward_along_z() -> None:
    opengl = ToOpenGL.create()(camera_from_angles(0, 0)[None])
    torch.testing.assert_close(opengl[0, :16].reshape(4, 4)[:3, :3], torch.eye(3))
    assert torch.equal(FromOpenGL.create()(ToOpenGL.create()(CAMERAS)), CAMERAS)
    assert CameraOpenGL.check(ToOpenGL.create()(CAMERAS)) is None


def test_intrinsics_stay() -> None:
    for converter in (ToWorldToCamera, ToOpenGL):
        assert torch.equal(converter.create()(CAMERAS)[:, 16:], CAMERAS[:, 16:])


def test_drawn_cameras_are_cameras() -> None:
    for port in (Camera, CameraWorldToCamera, CameraOpenGL):
        drawn = port.sample((4, 25), torch.Generator().manual_seed(0))
        assert drawn.shape == (4, 25)
        assert port.check(drawn) is None
