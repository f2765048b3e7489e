"""What the camera type notices in a camera's numbers."""

from __future__ import annotations

import pytest
import torch

from aetherist.components.cameras import camera_from_angles
from aetherist.components.types import Camera


def broken(index: int | slice, value: object) -> torch.Tensor:
    camera = camera_from_angles(0.2, 0.1)[None].clone()
    camera[:, index] = value  # type: ignore[call-overload]
    return camera


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        (broken(slice(0, 3), torch.tensor([2.0, 0.0, 0.0])), "not orthonormal"),
        (broken(16, 2183.0), "in pixels"),
        (broken(16, -4.2), "not positive"),
        (broken(15, 0.0), "0 0 0 1"),
        (broken(24, 0.0), "0 0 1"),
        (broken(3, torch.nan), "not finite"),
        (camera_from_angles(0, 0)[None] * torch.tensor([-1.0, 1, 1, 1] * 3 + [1.0] * 13), "mirrors"),
    ],
    ids=["rotation", "pixels", "focal", "last row", "last row of intrinsics", "nan", "mirror"],
)
def test_a_wrong_camera_is_told_from_a_right_one(camera: torch.Tensor, words: str) -> None:
    assert Camera.check(camera_from_angles(0.2, 0.1)[None]) is None
    assert words in Camera.check(camera)
