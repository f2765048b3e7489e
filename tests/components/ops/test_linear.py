"""Equalised fully connected layers."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from aetherist.components.ops.linear import Linear, linear, normalize_second_moment


def test_the_stored_weight_is_scaled_when_used() -> None:
    layer = Linear(8, 4, lr_multiplier=0.01, bias_init=1.0)
    x = torch.randn(3, 8)
    expected = F.linear(x, layer.weight * 0.01 / 8**0.5, torch.ones(4))
    torch.testing.assert_close(layer(x), expected)


def test_stored_weights_have_unit_gain() -> None:
    torch.manual_seed(0)
    layer = Linear(256, 256, lr_multiplier=0.01)
    assert abs(layer(torch.randn(64, 256)).std().item() - 1) < 0.05


def test_many_rows_equal_a_matrix_product() -> None:
    """On a CPU many rows go through a convolution."""
    x, weight, bias = torch.randn(2, 5000, 8), torch.randn(3, 8), torch.randn(3)
    torch.testing.assert_close(linear(x, weight, bias), F.linear(x, weight, bias))


def test_second_moments_become_one() -> None:
    x = normalize_second_moment(torch.randn(4, 100) * 7)
    torch.testing.assert_close(x.square().mean(dim=1), torch.ones(4))
