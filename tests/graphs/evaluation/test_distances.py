"""Distances of features against what is known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.graphs.evaluation.distances import frechet, frechet_distance, kernel, kernel_distance


def drawn(count: int, size: int, seed: int) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shaped(rows: Tensor, mean: Tensor, factor: Tensor) -> Tensor:
    """Return rows whose own mean and covariance are exactly ``mean`` and ``factor^T factor``."""
    rows = rows - rows.mean(dim=0)
    whitening = torch.linalg.inv(torch.linalg.cholesky(rows.mT @ rows / (len(rows) - 1))).mT
    return rows @ whitening @ factor + mean


def closed_form(mean_a: Tensor, cov_a: Tensor, mean_b: Tensor, cov_b: Tensor) -> float:
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.mT
    shared = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * shared)


@pytest.mark.parametrize("count", [40, 300])
def test_the_frechet_distance_of_two_gaussians_is_the_closed_form(count):
    size = 6
    mean, factor = drawn(1, size, 1)[0], drawn(size, size, 2)
    a = shaped(drawn(count, size, 3), torch.zeros(size, dtype=torch.float64), torch.eye(size, dtype=torch.float64))
    b = shaped(drawn(count, size, 4), mean, factor)
    zero, identity = torch.zeros_like(mean), torch.eye(size, dtype=torch.float64)
    expected = closed_form(zero, identity, mean, factor.mT @ factor)
    assert float(frechet_distance(a, b)) == pytest.approx(expected, rel=1e-9)


def test_gaussians_along_the_axes_differ_by_means_and_deviations():
    deviations = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    mean = torch.tensor([0.0, 3.0, 4.0], dtype=torch.float64)
    a = shaped(drawn(50, 3, 0), torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64))
    b = shaped(drawn(50, 3, 1), mean, deviations.diag())
    assert float(frechet_distance(a, b)) == pytest.approx(25 + 0 + 1 + 0.25, rel=1e-9)


def test_fewer_pictures_than_numbers_give_what_the_covariances_give():
    a, b = drawn(12, 40, 0), 2 * drawn(15, 40, 1) + 1
    expected = closed_form(a.mean(0), a.mT.cov(), b.mean(0), b.mT.cov())
    assert float(frechet_distance(a, b)) == pytest.approx(expected, rel=1e-6)


def test_a_set_is_at_no_distance_from_itself():
    a = drawn(30, 8, 0)
    assert float(frechet_distance(a, a)) == pytest.approx(0, abs=1e-10)


def test_a_row_that_counts_twice_is_a_row_that_is_there_twice():
    a, b = drawn(20, 5, 0), drawn(20, 5, 1)
    counts = torch.tensor([2, 0, 1, 3] * 5)
    expected = frechet_distance(a.repeat_interleave(counts, 0), b)
    assert float(frechet_distance(a, b, counts)) == pytest.approx(float(expected), rel=1e-9)


def test_features_in_single_precision_are_compared_in_double():
    a = (drawn(200, 3, 0) + 1000).float()
    assert float(frechet_distance(a, a + 0.5)) == pytest.approx(0.75, rel=1e-4)


def test_the_interval_of_a_frechet_distance_is_as_wide_as_its_scatter():
    found = []
    for seed in range(20):
        a, b = drawn(300, 4, seed), drawn(300, 4, 100 + seed) + 0.5
        found.append(frechet(a, b, torch.arange(300), torch.arange(300), seed=seed))
    scatter = torch.tensor([each.value for each in found]).std()
    widths = torch.tensor([(each.high - each.low) / (2 * 1.96) for each in found]).mean()
    assert float(widths / scatter) == pytest.approx(1, abs=0.4)


def test_the_kernel_distance_is_unbiased():
    found = torch.stack([kernel_distance(drawn(12, 4, s), drawn(12, 4, 1000 + s)) for s in range(400)])
    assert abs(float(found.mean())) < 3 * float(found.std()) / 20
    assert (found < 0).any()


def test_the_kernel_distance_of_two_points_is_the_polynomial():
    a, b = torch.zeros(5, 2), torch.ones(7, 2)
    # Kernel: 1 within a, 8 within b, 1 between them.
    assert float(kernel_distance(a, b)) == pytest.approx(1 + 8 - 2)


def test_the_interval_of_a_kernel_distance_is_as_wide_as_its_scatter():
    found = [kernel(drawn(120, 3, s), drawn(120, 3, 500 + s) + 0.4, seed=s) for s in range(30)]
    scatter = torch.tensor([each.value for each in found]).std()
    widths = torch.tensor([(each.high - each.low) / (2 * 1.96) for each in found]).mean()
    assert float(widths / scatter) == pytest.approx(1, abs=0.4)
