"""The mirror: what happens to a camera when its picture is flipped left to right."""

from __future__ import annotations

import torch
from torch import Tensor

# Mirroring the world (x to -x) and the picture (its x axis) conjugates the rotation with diag(-1, 1, 1): the entries
# [0, 1], [0, 2], [1, 0], [2, 0] of the pose change sign, and so does the position's x, [0, 3]. In the intrinsics the
# skew, [0, 1], changes sign.
_SIGNS = torch.ones(25)
_SIGNS[[1, 2, 3, 4, 8, 17]] = -1
_CENTER_X = 18


def mirror_camera(camera: Tensor) -> Tensor:
    """Return the cameras ``(..., 25)`` that see the mirrored world as the given ones see the world, but flipped.

    A point ``(x, y, z)`` seen at column u (from 0 to 1) is, as ``(-x, y, z)``, seen by the mirrored camera at 1 - u.
    """
    mirrored = camera * _SIGNS.to(camera)
    mirrored[..., _CENTER_X] = 1 - camera[..., _CENTER_X]
    return mirrored
