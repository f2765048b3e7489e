"""Least squares and logistic regression against what is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.graphs.styles.fitting import effects, explained, logistic, ridge


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_ridge_finds_an_exact_map() -> None:
    x, weights = draws(200, 7), draws(7, 2, seed=1)
    fit = ridge(x, x @ weights + 3)
    torch.testing.assert_close(fit.weights, weights, atol=1e-5, rtol=0)
    torch.testing.assert_close(fit(x), x @ weights + 3, atol=1e-4, rtol=0)


def test_ridge_ignores_noise_where_there_is_nothing_else() -> None:
    x, y = draws(100, 60), draws(100, 1, seed=1)
    fresh, target = draws(500, 60, seed=2), draws(500, 1, seed=3)
    least_squares = torch.linalg.lstsq(x, y).solution
    assert (ridge(x, y)(fresh) - target).square().mean() < 0.7 * (fresh @ least_squares - target).square().mean()


def test_ridge_takes_more_numbers_than_rows() -> None:
    x = draws(20, 50)
    assert ridge(x, x[:, :1])(x).isfinite().all()


def test_logistic_regression_of_two_groups_has_the_logarithm_of_the_odds() -> None:
    x = torch.tensor([0.0] * 100 + [1.0] * 100, dtype=torch.float64)[:, None]
    positive = torch.tensor([True] * 20 + [False] * 80 + [True] * 70 + [False] * 30)
    fit = logistic(x, positive, penalty=1e-9)
    assert float(fit.bias) == pytest.approx(math.log(20 / 80), abs=1e-6)
    assert float(fit.weights) == pytest.approx(math.log(70 / 30) - math.log(20 / 80), abs=1e-6)


def test_logistic_regression_of_normal_classes_finds_their_plane() -> None:
    apart = torch.tensor([1.0, 2.0, 0.0, -1.0], dtype=torch.float64)
    positive = torch.arange(20_000) % 2 == 0
    x = draws(20_000, 4) + torch.where(positive[:, None], apart, -apart) / 2
    normal = logistic(x, positive).weights[:, 0]
    torch.testing.assert_close(normal, apart, atol=0.1, rtol=0)  # The classes share the covariance I.


def test_classes_that_are_wholly_apart_keep_finite_weights() -> None:
    x = draws(50, 3)
    fit = logistic(x, x[:, 0] > 0)
    assert fit.weights.isfinite().all()
    assert ((fit(x)[:, 0] > 0) == (x[:, 0] > 0)).double().mean() > 0.9
    with pytest.raises(ValueError, match="all rows are of one class"):
        logistic(x, torch.ones(50, dtype=torch.bool))


def test_an_effect_is_what_one_label_does_alone() -> None:
    labels = draws(300, 3)
    labels[:, 1] += 2 * labels[:, 0]  # They hang together; the effects do not.
    axes = draws(3, 5, seed=1)
    torch.testing.assert_close(effects(labels, labels @ axes + 7), axes, atol=1e-9, rtol=0)


def test_shares_of_a_whole_have_effects_at_each_others_expense() -> None:
    shares = torch.distributions.Dirichlet(torch.ones(3, dtype=torch.float64)).sample((500,))
    axes = draws(3, 4, seed=1)
    found = effects(torch.cat([shares, draws(500, 1)], dim=1), shares @ axes)
    change = torch.tensor([1.0, -0.5, -0.5, 0.0], dtype=torch.float64)
    torch.testing.assert_close(change @ found, change[:3] @ axes, atol=1e-9, rtol=0)
    assert found[3].abs().max() < 1e-9


def test_what_is_explained() -> None:
    truth = draws(1000, 1)
    assert float(explained(truth, truth)) == 1
    assert float(explained(truth, truth.mean().expand(1000, 1))) == pytest.approx(0, abs=1e-9)
