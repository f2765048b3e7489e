"""Camera conventions are converted by visible components, and every conversion leads back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from torch import Tensor

from aetherist.components.cameras import (
    Cameras,
    FromAngles,
    FromBlender,
    FromColmap,
    FromFieldOfView,
    FromMatrices,
    FromOpenGL,
    FromPixels,
    FromWorldToCamera,
    ToAngles,
    ToBlender,
    ToColmap,
    ToFieldOfView,
    ToMatrices,
    ToOpenGL,
    ToPixels,
    ToWorldToCamera,
    camera_from_angles,
    sway,
)
from aetherist.components.types import (
    Camera,
    CameraBlender,
    CameraOpenGL,
    CameraPixels,
    CameraWorldToCamera,
    FieldOfView,
    Intrinsics,
    Pose,
    Quaternion,
)
from aetherist.core.check import check
from tests.components.cameras.drawing import cameras

CAMERAS = sway(5).vector
SIZE = {"width": 640, "height": 360}


@given(cameras())
def test_every_conversion_leads_back(camera: Cameras) -> None:
    vector = camera.vector[None]
    for there, back in (
        (ToWorldToCamera.create(), FromWorldToCamera.create()),
        (ToOpenGL.create(), FromOpenGL.create()),
        (ToBlender.create(), FromBlender.create()),
        (ToPixels.create(**SIZE), FromPixels.create(**SIZE)),
    ):
        assert torch.allclose(back(there(vector)), vector, rtol=0, atol=1e-12)
    assert torch.equal(FromMatrices.create()(*ToMatrices.create()(vector)), vector)


@given(cameras())
def test_colmaps_parts_lead_back_but_for_the_skew(camera: Cameras) -> None:
    vector = camera.vector[None].clone()
    vector[0, 17] = 0
    again = FromColmap.create(**SIZE)(*ToColmap.create(**SIZE)(vector))
    assert torch.allclose(again, vector, rtol=0, atol=1e-9)


@given(cameras(square=True))
def test_a_field_of_view_and_a_pose_lead_back(camera: Cameras) -> None:
    vector = camera.vector[None]
    again = FromFieldOfView.create()(camera.pose[None], ToFieldOfView.create()(vector))
    assert torch.allclose(again, vector, rtol=0, atol=1e-9)


def test_angles_place_cameras_and_are_found_again() -> None:
    yaw, pitch = torch.tensor([-0.4, 0.0, 2.0]), torch.tensor([0.3, 0.0, -0.2])
    placed = FromAngles.create(radius=1.7, pivot=(0.0, 0.0, 0.1))(yaw, pitch)
    torch.testing.assert_close(placed, camera_from_angles(yaw, pitch, radius=1.7, pivot=(0.0, 0.0, 0.1)))
    found = ToAngles.create()(placed)
    torch.testing.assert_close(torch.stack(found), torch.stack([yaw, pitch, torch.full((3,), 1.7)]))


def test_world_to_camera_is_the_inverse() -> None:
    inverse = ToWorldToCamera.create()(CAMERAS)
    product = inverse[:, :16].reshape(-1, 4, 4) @ CAMERAS[:, :16].reshape(-1, 4, 4)
    torch.testing.assert_close(product, torch.eye(4).expand(5, 4, 4), atol=1e-6, rtol=0)
    assert CameraWorldToCamera.check(inverse) is None


def test_opengl_looks_backward_along_z() -> None:
    opengl = ToOpenGL.create()(camera_from_angles(0, 0)[None])
    torch.testing.assert_close(opengl[0, :16].reshape(4, 4)[:3, :3], torch.eye(3))
    assert torch.equal(FromOpenGL.create()(ToOpenGL.create()(CAMERAS)), CAMERAS)
    assert CameraOpenGL.check(ToOpenGL.create()(CAMERAS)) is None


def test_blenders_front_view_stands_at_minus_y_with_z_up() -> None:
    blender = ToBlender.create()(camera_from_angles(0, 0)[None])
    pose = blender[0, :16].reshape(4, 4)
    torch.testing.assert_close(pose[:3, 3], torch.tensor([0.0, -2.7, 0.0]))
    torch.testing.assert_close(pose[:3, 1], torch.tensor([0.0, 0.0, 1.0]))
    torch.testing.assert_close(-pose[:3, 2], torch.tensor([0.0, 1.0, 0.0]))
    assert CameraBlender.check(blender) is None


def test_a_front_view_in_colmap_is_half_a_turn_about_x() -> None:
    quaternion, translation, lens = ToColmap.create(**SIZE)(camera_from_angles(0, 0)[None])
    torch.testing.assert_close(quaternion, torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    torch.testing.assert_close(translation, torch.tensor([[0.0, 0.0, 2.7]]))
    torch.testing.assert_close(lens, torch.tensor([[4.2647 * 640, 4.2647 * 360, 320.0, 180.0]]))
    assert Quaternion.check(quaternion) is None


def test_only_pixels_change_the_intrinsics() -> None:
    for converter in (ToWorldToCamera, ToOpenGL, ToBlender):
        assert torch.equal(converter.create()(CAMERAS)[:, 16:], CAMERAS[:, 16:])
    pixels = ToPixels.create(**SIZE)(CAMERAS)
    assert torch.equal(pixels[:, :16], CAMERAS[:, :16])
    assert CameraPixels.check(pixels) is None
    assert "pixels" in Camera.check(pixels)
    assert "normalised" in CameraPixels.check(CAMERAS)


@pytest.mark.parametrize(
    ("given_type", "converter"),
    [
        ("CameraPixels", "camera.from_pixels"),
        ("CameraWorldToCamera", "camera.from_world_to_camera"),
        ("CameraOpenGL", "camera.from_opengl"),
        ("CameraBlender", "camera.from_blender"),
    ],
)
def test_no_other_camera_goes_where_ours_should_without_its_converter(given_type: str, converter: str) -> None:
    def recipe(steps: dict[str, object]) -> dict[str, object]:
        return {
            "name": "seen",
            "components": {"rays": {"type": "rays.pinhole"}, "converted": {"type": converter}},
            "graphs": {
                "look": {
                    "inputs": {"camera": given_type},
                    "steps": steps,
                    "outputs": {"origins": "rays.origins"},
                }
            },
        }

    wrong = check(recipe({"rays": {"call": "rays", "with": {"camera": "camera"}}}))
    assert "AE203" in [diagnostic.code for diagnostic in wrong.diagnostics]
    right = check(
        recipe(
            {
                "ours": {"call": "converted", "with": {"camera": "camera"}},
                "rays": {"call": "rays", "with": {"camera": "ours"}},
            }
        )
    )
    assert right.ok, right.diagnostics


@pytest.mark.parametrize("port", [Camera, CameraWorldToCamera, CameraOpenGL, CameraBlender, CameraPixels])
def test_drawn_cameras_are_cameras(port: object) -> None:
    drawn = port.sample((4, 25), torch.Generator().manual_seed(0))
    assert drawn.shape == (4, 25)
    assert port.check(drawn) is None


@pytest.mark.parametrize(
    ("port", "value", "fault"),
    [
        (Pose, 2 * torch.eye(4)[None], "orthonormal"),
        (Intrinsics, 500 * torch.eye(3)[None], "in pixels"),
        (Intrinsics, torch.diag(torch.tensor([1.0, -1.0, 1.0]))[None], "not positive"),
        (FieldOfView, torch.tensor([20.0, 180.0]), "180 degrees is no field of view"),
        (Quaternion, torch.ones(1, 4), "has length 2"),
    ],
)
def test_values_that_are_none_are_told(port: object, value: Tensor, fault: str) -> None:
    assert fault in port.check(value)
