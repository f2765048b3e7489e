"""The regressor finds the camera where features tell of it, and knows when they do not."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from aetherist.graphs.evaluation.direction import DirectionRegressor


def world(count: int, seed: int, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    draws = torch.Generator().manual_seed(seed)
    towards = F.normalize(
        torch.randn(count, 3, generator=draws, dtype=torch.float64) + torch.tensor([0, 0, 2.0]), dim=1
    )
    mixing = torch.randn(3, 50, generator=torch.Generator().manual_seed(99), dtype=torch.float64)
    return towards @ mixing + noise * torch.randn(count, 50, generator=draws, dtype=torch.float64), towards


def test_directions_are_read_off_features_that_tell_them():
    features, towards = world(80, 0, 0.0)
    unseen, asked = world(40, 1, 0.0)
    assert float(DirectionRegressor(features, towards).errors(unseen, asked).max()) < 0.5


def test_fewer_pictures_than_numbers_and_noise_do_not_throw_it():
    features, towards = world(40, 0, 0.5)
    unseen, asked = world(200, 1, 0.5)
    guess = F.normalize(towards.mean(0), dim=0)
    assert float(torch.rad2deg((asked @ guess).acos()).mean()) > 25
    assert float(DirectionRegressor(features, towards).errors(unseen, asked).mean()) < 15


def test_features_that_tell_nothing_give_the_mean_camera():
    _, towards = world(100, 0, 0.0)
    nothing = torch.randn(100, 50, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    regressor = DirectionRegressor(nothing, towards)
    said = regressor(torch.zeros(1, 50))
    assert float((said @ F.normalize(towards.mean(0), dim=0)).item()) > 0.9
