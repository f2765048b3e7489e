"""Adversarial losses: what a generator and a discriminator want of the logits between them.

Each takes logits ``(B, K)``, a column for each judge (a multi-scale discriminator has several), averages over
the rows, and joins the judges by their mean or their sum.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from aetherist.components.types import Logits, Loss
from aetherist.core import Component, ComponentConfig, component


class JudgesConfig(ComponentConfig):
    """How the losses of several judges become one."""

    judges: Literal["mean", "sum"] = "mean"
    """Whether the columns of the logits are averaged or added."""


def joined(values: Tensor, judges: str) -> Tensor:
    """Average ``(B, K)`` over the rows, then join the columns by their ``mean`` or ``sum``."""
    by_judge = values.mean(dim=0)
    return by_judge.sum() if judges == "sum" else by_judge.mean()


class AdversarialLoss(Component):
    """Base of the losses of logits."""

    class Config(JudgesConfig):
        """How the losses of several judges become one."""

    config: Config


@component("loss.nonsaturating_generator")
class NonsaturatingGenerator(AdversarialLoss):
    """Make the discriminator take what is generated for real, however sure it is that it is not.

    ``softplus(-logit)``. Goodfellow et al. 2014, section 3.
    """

    def forward(self, fake: Logits["B K"]) -> Loss[""]:
        """Return the generator's loss; it falls towards 0 as the logits rise."""
        return joined(F.softplus(-fake), self.config.judges)


@component("loss.nonsaturating_discriminator")
class NonsaturatingDiscriminator(AdversarialLoss):
    """Tell real pictures from generated ones, by the cross entropy of the logits.

    Goodfellow et al. 2014, section 3.
    """

    def forward(self, real: Logits["B K"], fake: Logits["N K"]) -> Loss[""]:
        """Return the discriminator's loss; it falls towards 0 as real logits rise and generated ones fall."""
        return joined(F.softplus(-real), self.config.judges) + joined(F.softplus(fake), self.config.judges)


@component("loss.hinge_generator")
class HingeGenerator(AdversarialLoss):
    """Raise the logits of what is generated.

    Lim and Ye 2017, "Geometric GAN".
    """

    def forward(self, fake: Logits["B K"]) -> Loss[""]:
        """Return the generator's loss, minus the mean logit."""
        return joined(-fake, self.config.judges)


@component("loss.hinge_discriminator")
class HingeDiscriminator(AdversarialLoss):
    """Tell real pictures from generated ones by a margin, and no further.

    Lim and Ye 2017, "Geometric GAN".
    """

    def forward(self, real: Logits["B K"], fake: Logits["N K"]) -> Loss[""]:
        """Return the discriminator's loss: 0 where real logits are above 1 and generated ones below -1."""
        return joined(F.relu(1.0 - real), self.config.judges) + joined(F.relu(1.0 + fake), self.config.judges)


@component("loss.wasserstein_generator")
class WassersteinGenerator(AdversarialLoss):
    """Raise the critic's score of what is generated.

    Arjovsky et al. 2017, "Wasserstein GAN".
    """

    def forward(self, fake: Logits["B K"]) -> Loss[""]:
        """Return the generator's loss, minus the mean score."""
        return joined(-fake, self.config.judges)


@component("loss.wasserstein_discriminator")
class WassersteinDiscriminator(AdversarialLoss):
    """Score real pictures above generated ones, as far as the critic's slope allows.

    Minus the estimated earth mover's distance; bound the slope with ``loss.gradient_penalty``. Arjovsky et al. 2017.
    """

    def forward(self, real: Logits["B K"], fake: Logits["N K"]) -> Loss[""]:
        """Return the critic's loss: the mean score of the generated minus that of the real."""
        return joined(fake, self.config.judges) - joined(real, self.config.judges)
