"""Distances between two sets of feature vectors, in double precision."""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from aetherist.graphs.evaluation.intervals import Estimate, generator, numbered, resampled

FRECHET_RESAMPLES = 30
"""Draws of the bootstrap of a Frechet distance, each of which takes a decomposition: the deviation is known to 13%."""

KERNEL_SUBSETS = 100
KERNEL_SUBSET_SIZE = 1000


def frechet_distance(a: Tensor, b: Tensor, counts_a: Tensor | None = None, counts_b: Tensor | None = None) -> Tensor:
    """Return the squared Frechet distance of the normal distributions with the means and covariances of two sets.

    Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", section
    2. The trace of the root of the product of the covariances is the sum of the singular values of the product of
    their factors, so that no root of a matrix is taken and small sets cost little.

    Args:
        a: ``(N, D)``.
        b: ``(M, D)``.
        counts_a: How often each row counts, ``(N,)``; once by default.
        counts_b: Likewise, ``(M,)``.

    Returns:
        A double.
    """
    mean_a, factor_a = _moments(a, counts_a)
    mean_b, factor_b = _moments(b, counts_b)
    shared = torch.linalg.svdvals(factor_a @ factor_b.mT).sum()
    spread = factor_a.square().sum() + factor_b.square().sum() - 2 * shared
    distance: Tensor = (mean_a - mean_b).square().sum() + spread
    return distance.clamp(min=0)


def _moments(rows: Tensor, counts: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the mean ``(D,)``, and a factor F ``(<= D, D)`` of the covariance ``F^T F`` with n - 1 below."""
    rows = rows.double()
    if counts is None:
        counts = torch.ones(len(rows), dtype=torch.int64)
    kept = (counts > 0).to(rows.device)
    weights = counts.to(rows)[kept][:, None]
    rows, total = rows[kept], weights.sum()
    mean = (weights * rows).sum(dim=0) / total
    factor = (rows - mean) * (weights / (total - 1)).sqrt()
    if factor.shape[0] > factor.shape[1]:
        factor = torch.linalg.qr(factor, mode="r").R
    return mean, factor


def frechet(a: Tensor, b: Tensor, groups_a: Tensor, groups_b: Tensor, *, seed: int = 0) -> Estimate:
    """Return the Frechet distance with an interval of the bootstrap's deviation on either side.

    The percentiles of the bootstrap itself would lie too high: a set drawn with replacement has fewer distinct rows,
    and the distance grows with fewer rows.

    Args:
        a: ``(N, D)``.
        b: ``(M, D)``.
        groups_a: ``(N,)``, which rows are drawn together.
        groups_b: ``(M,)``, likewise.
        seed: Of the draws.
    """
    draws = generator(seed, "frechet")
    groups = numbered(groups_a), numbered(groups_b)
    value = float(frechet_distance(a, b))
    found = []
    for _ in range(FRECHET_RESAMPLES):
        counts_a, counts_b = (resampled(each, draws) for each in groups)
        found.append(float(frechet_distance(a, b, counts_a, counts_b)))
    estimate = Estimate.spread(value, float(torch.tensor(found, dtype=torch.float64).std()))
    assert estimate.low is not None
    return attrs.evolve(estimate, low=max(estimate.low, 0.0))


def kernel_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the unbiased estimate of the squared maximum mean discrepancy under the kernel ``(x.y / D + 1) ** 3``.

    Binkowski et al. 2018, "Demystifying MMD GANs", section 4. It may be below zero.

    Args:
        a: ``(N, D)``.
        b: ``(M, D)``.

    Returns:
        A double.
    """
    a, b = a.double(), b.double()
    n, m = len(a), len(b)
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    own_a = (within_a.sum() - within_a.diagonal().sum()) / (n * (n - 1))
    own_b = (within_b.sum() - within_b.diagonal().sum()) / (m * (m - 1))
    return own_a + own_b - 2 * between.mean()


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.mT / a.shape[1] + 1) ** 3


def kernel(a: Tensor, b: Tensor, *, seed: int = 0) -> Estimate:
    """Return the mean of the kernel distance over random subsets of the two sets.

    Subsets are drawn without replacement, of half a set or 1000 rows, whichever is less. Their deviation is brought to
    that of the whole sets as the delete-d jackknife does it (Shao and Wu 1989, "A General Theory for Jackknife
    Variance Estimation").

    Args:
        a: ``(N, D)``, at least four rows.
        b: ``(M, D)``, likewise.
        seed: Of the draws.
    """
    draws = generator(seed, "kernel")
    count = min(len(a), len(b))
    size = min(KERNEL_SUBSET_SIZE, count // 2)
    found = torch.empty(KERNEL_SUBSETS, dtype=torch.float64)
    for index in range(KERNEL_SUBSETS):
        rows_a, rows_b = (torch.randperm(len(each), generator=draws)[:size].to(each.device) for each in (a, b))
        found[index] = kernel_distance(a[rows_a], b[rows_b])
    return Estimate.spread(float(found.mean()), float(found.std()) * (size / (count - size)) ** 0.5)
