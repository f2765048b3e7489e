"""Least squares and logistic regression, as small as they can be."""

from __future__ import annotations

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

_PENALTIES = 10.0 ** torch.arange(-8, 3, dtype=torch.float64)
_NEWTON_STEPS = 100


@attrs.frozen(eq=False)
class Linear:
    """A linear map: ``x @ weights + bias``.

    Attributes:
        weights: ``(D, K)``.
        bias: ``(K,)``.
    """

    weights: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(N, D)`` to ``(N, K)``."""
        return x.to(self.weights) @ self.weights + self.bias


def ridge(x: Tensor, y: Tensor) -> Linear:
    """Fit ``y`` ``(N, K)`` to ``x`` ``(N, D)`` by ridge regression, in double precision.

    The penalty of each column is the one of least generalised cross-validation (Golub, Heath and Wahba 1979).
    """
    x, y = x.double(), y.double()
    shift, mean = x.mean(dim=0), y.mean(dim=0)
    rows, wanted = x - shift, y - mean
    count = len(rows)
    values, vectors = torch.linalg.eigh(rows.T @ rows)
    values = values.clamp(min=0)
    turned = vectors.T @ (rows.T @ wanted)  # (D, K)
    total = wanted.square().sum(dim=0)
    best = torch.full_like(total, torch.inf)
    weights = torch.zeros_like(turned)
    for penalty in (_PENALTIES.to(values) * values.mean()).tolist():
        shrunk = 1 / (values + penalty + 1e-300)
        gone = turned.square() * (2 * shrunk - values * shrunk.square())[:, None]
        left = (total - gone.sum(dim=0)).clamp(min=0)
        freedom = max(count - 1 - float((values * shrunk).sum()), 1e-3)
        score = count * left / freedom**2
        better = score < best
        best = torch.where(better, score, best)
        weights = torch.where(better, turned * shrunk[:, None], weights)
    weights = vectors @ weights
    return Linear(weights, mean - shift @ weights)


def logistic(x: Tensor, positive: Tensor, *, penalty: float = 1.0) -> Linear:
    """Fit the odds that ``positive`` ``(N,)`` bool holds to ``x`` ``(N, D)``: Newton steps on the penalised likelihood.

    Columns are standardised, so the penalty (on half the squared weights; the bias is free) means the same for any
    scale of ``x``. It keeps the weights finite where the classes can be told apart wholly.

    Raises:
        ValueError: If all rows are of one class.
    """
    if bool(positive.all()) or not bool(positive.any()):
        raise ValueError("all rows are of one class; there is nothing to tell apart")
    shift, spread = x.double().mean(dim=0), x.double().std(dim=0, unbiased=False).clamp(min=1e-12)
    rows = torch.cat([(x.double() - shift) / spread, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    target = positive.double()
    hold = torch.full((rows.shape[1],), penalty, dtype=torch.float64)
    hold[-1] = 1e-9
    weights = torch.zeros(rows.shape[1], dtype=torch.float64)

    def cost(at: Tensor) -> float:
        scores = rows @ at
        return float((F.softplus(scores) - target * scores).sum() + (hold * at.square()).sum() / 2)

    now = cost(weights)
    for _ in range(_NEWTON_STEPS):
        chance = torch.sigmoid(rows @ weights)
        slope = rows.T @ (chance - target) + hold * weights
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows + torch.diag(hold)
        move = torch.linalg.solve(curvature, slope)
        size = 1.0
        while size > 1e-6 and cost(weights - size * move) > now:
            size /= 2
        weights = weights - size * move
        before, now = now, cost(weights)
        if before - now <= 1e-10 * (1 + abs(now)):
            break
    inner = weights[:-1] / spread
    return Linear(inner[:, None], (weights[-1] - shift @ inner)[None])


def effects(labels: Tensor, rows: Tensor) -> Tensor:
    """Return by how much rows ``(N, D)`` change when one of the labels ``(N, K)`` grows by 1 alone: ``(K, D)``.

    The least squares fit of the rows to all labels together. Where labels hang together (shares of a whole), it is the
    shortest of the fits.
    """
    given = labels.double() - labels.double().mean(dim=0)
    unit = given.std(dim=0, unbiased=False).clamp(min=1e-12)
    values, vectors = torch.linalg.eigh((given / unit).T @ (given / unit))
    # Shares of a whole leave one direction of the labels empty; nothing is known along it.
    kept = values > 1e-9 * values.max()
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    fitted: Tensor = inverse @ ((given / unit).T @ (rows.double() - rows.double().mean(dim=0)))
    return fitted / unit[:, None]


def explained(truth: Tensor, guess: Tensor) -> Tensor:
    """Return the share of the variance of ``truth`` ``(N, K)`` that ``guess`` explains, ``(K,)``; 1 is all of it."""
    left = (truth.double() - guess.double()).square().sum(dim=0)
    total = (truth.double() - truth.double().mean(dim=0)).square().sum(dim=0)
    return 1 - left / total.clamp(min=1e-12)
