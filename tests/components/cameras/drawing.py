"""Hypothesis strategies that draw cameras."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from aetherist.components.cameras import Cameras
from aetherist.components.cameras.pose import rigid
from aetherist.components.cameras.rotations import exp_rotation

NUMBERS = st.floats(-3, 3)


@st.composite
def points(draw: st.DrawFn) -> Tensor:
    return torch.tensor([draw(NUMBERS) for _ in range(3)], dtype=torch.float64)


@st.composite
def rotations(draw: st.DrawFn) -> Tensor:
    """Any rotation, half turns and none included."""
    axis = draw(points().filter(lambda point: float(point.norm()) > 0.1))
    angle = draw(st.one_of(st.floats(-math.pi, math.pi), st.sampled_from([0.0, 1e-9, 1e-4, 0.01, math.pi])))
    return exp_rotation(angle * axis / axis.norm())


@st.composite
def cameras(draw: st.DrawFn, *, square: bool = False) -> Cameras:
    """One camera anywhere, turned anyhow, in float64."""
    fx = draw(st.floats(0.3, 8))
    fy, cx, cy, skew = (
        (fx, 0.5, 0.5, 0.0)
        if square
        else (
            fx * draw(st.floats(0.5, 2)),
            draw(st.floats(0.2, 0.8)),
            draw(st.floats(0.2, 0.8)),
            draw(st.floats(-0.1, 0.1)),
        )
    )
    matrix = torch.tensor([[fx, skew, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float64)
    return Cameras(rigid(draw(rotations()), draw(points())), matrix)


def close(one: Cameras, other: Cameras, tolerance: float = 1e-9) -> bool:
    return bool(
        torch.allclose(one.pose, other.pose, rtol=0, atol=tolerance)
        and torch.allclose(one.intrinsics, other.intrinsics, rtol=0, atol=tolerance)
    )
