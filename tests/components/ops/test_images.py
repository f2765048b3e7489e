"""Ranges of picture values are converted by visible components."""

from __future__ import annotations

import torch

from aetherist.components.ops import ImageToSigned, ImageToUnit


def test_black_and_white() -> None:
    signed = torch.tensor([-1.0, 0.0, 1.0]).expand(1, 3, 1, 3)
    unit = ImageToUnit.create()(signed)
    torch.testing.assert_close(unit, torch.tensor([0.0, 0.5, 1.0]).expand(1, 3, 1, 3))
    torch.testing.assert_close(ImageToSigned.create()(unit), signed)
