"""Where a picture seems taken from: a linear regressor on features, fitted on pictures whose cameras are known."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.graphs.evaluation.geometry import angle_between

_PENALTIES = 10.0 ** torch.arange(-6, 3, dtype=torch.float64)


class DirectionRegressor:
    """Ridge regression from features to the direction of the camera.

    The penalty is the one of least generalised cross-validation (Golub, Heath and Wahba 1979).

    Args:
        features: ``(N, D)``.
        towards: ``(N, 3)``, unit vectors towards the cameras.
    """

    def __init__(self, features: Tensor, towards: Tensor) -> None:
        features, towards = features.double(), towards.to(features.device).double()
        self._shift, self._mean = features.mean(dim=0), towards.mean(dim=0)
        rows, wanted = features - self._shift, towards - self._mean
        values, vectors = torch.linalg.eigh(rows @ rows.mT)
        values, turned = values.clamp(min=0), vectors.mT @ wanted
        best = torch.inf
        for penalty in (_PENALTIES * values.mean()).tolist():
            left = penalty / (values + penalty + 1e-300)
            freedom = left.mean()
            error = float((turned * left[:, None]).square().mean() / freedom.square())
            if error < best:
                best, chosen = error, penalty
        self._weights = rows.mT @ (vectors @ (turned / (values + chosen + 1e-300)[:, None]))

    def __call__(self, features: Tensor) -> Tensor:
        """Return unit vectors towards the cameras, ``(N, 3)``, of features ``(N, D)``."""
        return F.normalize((features.double() - self._shift) @ self._weights + self._mean, dim=1)

    def errors(self, features: Tensor, towards: Tensor) -> Tensor:
        """Return the angles between what it says and what is true, in degrees, ``(N,)``."""
        return angle_between(self(features), towards.to(features.device).double())
