"""A model tuned to one person, so that it shows what its styles cannot say."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional as F

from aetherist.graphs.inversion.descent import Descent
from aetherist.graphs.inversion.objective import Objective
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.model import Model

if TYPE_CHECKING:
    from aetherist.graphs.inversion.fit import Step

ELSEWHERE = tuple(itertools.product((-0.6, -0.3, 0.3, 0.6), (-0.15, 0.15)))
"""Yaw and pitch of the cameras from which the person has to stay as it was."""

KEPT = 1.0
"""What a difference from there counts."""


def tuned(
    model: Model,
    styles: Tensor,
    camera: Tensor,
    objective: Objective,
    steps: int,
    rate: float,
    tell: Callable[[Step], None],
) -> Model:
    """Return a copy of a model that shows styles more like a photograph, and from elsewhere as before.

    Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of Real Images", section 3.2. One photograph says
    nothing of the sides that it does not show, so in each step the rough picture from one of a few other cameras is
    held to what it was; the paper holds other people instead.

    Args:
        model: That stays as it is.
        styles: ``(L, D)``, which stay too.
        camera: Of the photograph, ``(1, 25)``.
        objective: Of the photograph.
        steps: How many.
        rate: Learning rate.
        tell: Told of every step.
    """
    from aetherist.graphs.inversion.fit import Step

    copied = Model(model.report, {name: copy.deepcopy(part) for name, part in model.components.items()})
    before, sight = Sight(model), Sight(copied)
    cameras = [sight.camera(*angles) for angles in ELSEWHERE]
    was = before.views(styles, cameras)
    sight.fix(camera)
    descent = Descent(steps)
    descent.adopt(sight.parameters, rate)
    for step in descent:
        shown = sight.show(styles, None, whole=True)
        terms = objective(shown, whole=True)
        number = (step - 1) % len(cameras)
        other = sight.show(styles, cameras[number], whole=False)
        picture = "raw" if "raw" in other else "image"
        terms["elsewhere"] = KEPT * F.l1_loss(other[picture], was[number][picture])
        values = descent.descend(terms)
        tell(Step("tune", step, steps, sum(values.values()), values, shown["image"][0].detach()))
    return copied
