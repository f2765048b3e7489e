"""Quaternions, rotation vectors and twists lead back to what they were made from."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aetherist.components.cameras import Cameras
from aetherist.components.cameras.rotations import (
    exp_pose,
    exp_rotation,
    log_pose,
    log_rotation,
    quaternion_from_rotation,
    rotation_from_quaternion,
)
from tests.components.cameras.drawing import cameras, rotations

EYE = torch.eye(3, dtype=torch.float64)


@given(rotations())
def test_a_rotation_is_orthonormal(rotation: Tensor) -> None:
    assert torch.allclose(rotation @ rotation.mT, EYE, atol=1e-12)
    assert torch.linalg.det(rotation) > 0


@given(rotations())
def test_quaternions_lead_back(rotation: Tensor) -> None:
    quaternion = quaternion_from_rotation(rotation)
    assert abs(float(quaternion.norm()) - 1) < 1e-12
    assert quaternion[0] >= 0
    assert torch.allclose(rotation_from_quaternion(quaternion), rotation, atol=1e-9)


@given(rotations())
def test_rotation_vectors_lead_back(rotation: Tensor) -> None:
    assert torch.allclose(exp_rotation(log_rotation(rotation)), rotation, atol=1e-9)


@given(cameras())
def test_twists_lead_back(camera: Cameras) -> None:
    assert torch.allclose(exp_pose(log_pose(camera.pose)), camera.pose, atol=1e-8)


@given(cameras(), st.floats(-1, 1))
def test_a_twist_times_a_number_is_the_exponential_of_a_matrix(camera: Cameras, time: float) -> None:
    twist = time * log_pose(camera.pose)
    matrix = torch.zeros(4, 4, dtype=torch.float64)
    x, y, z = twist[:3].tolist()
    matrix[:3, :3] = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    matrix[:3, 3] = twist[3:]
    assert torch.allclose(exp_pose(twist), torch.linalg.matrix_exp(matrix), atol=1e-8)
