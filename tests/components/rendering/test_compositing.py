"""Compositing by the mid-point rule, without putting colours in order."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.components.rendering import blend, interval_weights, sample_weights, weighted_depth
from aetherist.components.rendering.compositing import unsort


def draw(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(sum(shape)))


def test_weights_follow_the_definition() -> None:
    depths, density = torch.tensor([1.0, 1.5, 2.5, 3.0])[None, None], draw(1, 1, 4)
    middle = torch.nn.functional.softplus((density[..., 1:] + density[..., :-1]) / 2 - 1)[0, 0]
    widths, passed, expected = (0.5, 1.0, 0.5), 1.0, []
    for value, width in zip(middle, widths, strict=True):
        alpha = 1 - torch.exp(-value * width)
        expected.append(alpha * passed)
        passed = passed * (1 - alpha)
    torch.testing.assert_close(interval_weights(depths, density)[0, 0], torch.stack(expected))


def test_colours_summed_where_they_lie_equal_colours_sorted() -> None:
    depths, density, colours = draw(2, 3, 6).abs(), draw(2, 3, 6), draw(2, 3, 6, 4)
    ordered, order = depths.sort(dim=-1)
    weights = interval_weights(ordered, density.gather(-1, order))
    in_order = colours.gather(2, order[..., None].expand_as(colours))
    expected = (weights[..., None] * (in_order[:, :, 1:] + in_order[:, :, :-1]) / 2).sum(dim=2)
    mine = unsort(sample_weights(weights), order)
    torch.testing.assert_close(blend(colours, mine), expected)
    torch.testing.assert_close(blend(colours, mine, fast=True), expected)


def test_sample_weights_share_out_what_the_intervals_have() -> None:
    intervals = draw(1, 2, 5).abs()
    torch.testing.assert_close(sample_weights(intervals).sum(dim=-1), intervals.sum(dim=-1))


def test_a_wall_is_seen_at_its_depth() -> None:
    depths = torch.linspace(1.0, 3.0, 201)[None, None]
    density = torch.where(depths >= 2.0, 1e4, -1e4)
    weights = interval_weights(depths, density)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(1, 1))
    depth = weighted_depth(depths, weights)
    assert (depth - 2.0).abs().max() < 0.011


@pytest.mark.parametrize("extreme", [-1e4, 1e4], ids=["empty", "solid"])
def test_gradients_are_finite_at_extremes(extreme: float) -> None:
    density = torch.full((1, 1, 8), extreme, requires_grad=True)
    weights = interval_weights(torch.linspace(1.0, 2.0, 8)[None, None], density)
    (gradient,) = torch.autograd.grad(weights.square().sum(), density)
    assert gradient.isfinite().all()


def test_twice_differentiable() -> None:
    depths = torch.tensor([1.0, 1.3, 1.9, 2.0], dtype=torch.float64)[None, None].requires_grad_()
    density = draw(1, 1, 4, dtype=torch.float64).requires_grad_()
    colours = draw(1, 1, 4, 2, dtype=torch.float64).requires_grad_()

    def function(depths: Tensor, density: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        weights = interval_weights(depths, density)
        return blend(colours, sample_weights(weights)), weighted_depth(depths, weights)

    assert torch.autograd.gradcheck(function, (depths, density, colours))
    assert torch.autograd.gradgradcheck(function, (depths, density, colours))
