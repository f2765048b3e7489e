"""Distances pixel by pixel: of pictures, of depths, of masks."""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Depth, Loss, Mask
from aetherist.core import Component, ComponentConfig, Meaning, component


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Average ``values``, or, given a mask of the same shape, those within it; 0 where the mask is empty."""
    if mask is None:
        return values.mean()
    return (values * mask).sum() / mask.sum().clamp(min=1.0)


@component("loss.l1")
class L1(Component):
    """Make one tensor equal another: the mean absolute difference. Both must have the same meaning."""

    def forward(
        self,
        value: Annotated[Float[Tensor, "*shape"], Meaning("?m")],
        target: Annotated[Float[Tensor, "*shape"], Meaning("?m")],
    ) -> Loss[""]:
        """Return the mean absolute difference."""
        return F.l1_loss(value, target)


@component("loss.depth")
class DepthLoss(Component):
    """Put surfaces where they are known to be: the mean absolute error of depth, in world units."""

    def forward(
        self, depth: Depth["B 1 H W"], target: Depth["B 1 H W"], mask: Mask["B 1 H W"] | None = None
    ) -> Loss[""]:
        """Return the error, where given within the mask: depth is undefined where a ray hits nothing."""
        return masked_mean((depth - target).abs(), mask)


@component("loss.mask")
class MaskLoss(Component):
    """Make a rendering opaque where the subject is, and clear elsewhere."""

    class Config(ComponentConfig):
        """Which distance."""

        distance: Literal["l1", "bce"] = "l1"
        """Mean absolute difference, or binary cross entropy."""

    config: Config

    def forward(self, alpha: Mask["B 1 H W"], target: Mask["B 1 H W"]) -> Loss[""]:
        """Return the distance; 0 where both are the same (for ``bce``, the same and all 0 or 1)."""
        if self.config.distance == "l1":
            return F.l1_loss(alpha, target)
        # Rendered opacity may round to just beyond its range, where there is no logarithm.
        return F.binary_cross_entropy(alpha.clamp(0.0, 1.0), target.clamp(0.0, 1.0))
