"""Where rays are sampled: evenly in depth or disparity, and by importance."""

from __future__ import annotations

import torch

from aetherist.components.rendering import importance_depths, stratified_depths


def limits(near: float = 2.0, far: float = 4.0) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.full((1, 1, 1), near), torch.full((1, 1, 1), far)


def test_even_depths_run_from_near_to_far() -> None:
    torch.testing.assert_close(stratified_depths(*limits(), 5)[0, 0], torch.tensor([2.0, 2.5, 3.0, 3.5, 4.0]))


def test_even_disparities_are_denser_near() -> None:
    depths = stratified_depths(*limits(1.0, 4.0), 4, "disparity")[0, 0]
    torch.testing.assert_close(1 / depths, torch.tensor([1.0, 0.75, 0.5, 0.25]))


def test_jitter_moves_a_sample_towards_the_next() -> None:
    still, moved = stratified_depths(*limits(), 5), stratified_depths(*limits(), 5, jitter=torch.full((1, 1, 5), 0.5))
    torch.testing.assert_close(moved - still, torch.full((1, 1, 5), 0.25))


def test_importance_goes_where_the_weight_is_and_ascends() -> None:
    depths = stratified_depths(*limits(), 21)
    weights = torch.zeros(1, 1, 20)
    weights[..., 8] = 1.0
    further = importance_depths(depths, weights, 100)
    assert (further.diff(dim=-1) >= 0).all()
    near_the_peak = (further - 2.85).abs() < 0.2
    assert near_the_peak.float().mean() > 0.85
    assert not further.requires_grad


def test_the_last_bin_is_never_drawn_from() -> None:
    depths = stratified_depths(*limits(), 11)
    weights = torch.zeros(1, 1, 10)
    weights[..., -1] = 1.0
    middles = (depths[..., 1:] + depths[..., :-1]) / 2
    assert importance_depths(depths, weights, 1000).max() <= middles[..., -2]


def test_random_draws_follow_the_same_distribution() -> None:
    depths, weights = stratified_depths(*limits(), 9), torch.rand(1, 1, 8, generator=torch.Generator().manual_seed(0))
    draws = torch.rand(1, 1, 50_000, generator=torch.Generator().manual_seed(1))
    even, random = importance_depths(depths, weights, 50_000), importance_depths(depths, weights, 50_000, draws)
    assert (even.mean() - random.mean()).abs() < 0.005
    assert (even.std() - random.std()).abs() < 0.005
