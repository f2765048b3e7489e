"""Moving averages of weights: what is shown and shipped while the weights themselves still swing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from aetherist.graphs.training.spec import EmaSpec


class Average:
    """Averages of components, each with a half-life in images. Karras et al. 2018, section 4.

    Buffers are not averaged but copied: they are averages themselves, or constants.

    Args:
        spec: Half-life and ramp.
        components: What is averaged, under their names.
    """

    def __init__(self, spec: EmaSpec, components: Mapping[str, nn.Module]) -> None:
        self.spec = spec
        self._weight = 1.0
        self.models = {
            name: AveragedModel(module, multi_avg_fn=self._lerp).requires_grad_(False).eval()
            for name, module in components.items()
        }

    @property
    def components(self) -> dict[str, nn.Module]:
        """The averaged components."""
        return {name: model.module for name, model in self.models.items()}

    def update(self, components: Mapping[str, nn.Module], *, batch: int, images: int) -> None:
        """Follow the weights after a step.

        Args:
            components: As they are now.
            batch: Images of the step.
            images: Images seen with it.
        """
        self._weight = 1.0 - self.decay(batch, images)
        for name, model in self.models.items():
            model.update_parameters(components[name])

    def decay(self, batch: int, images: int) -> float:
        """Return what of the average stays in a step of ``batch`` images after ``images`` in all."""
        half_life = float(self.spec.half_life)
        if self.spec.ramp_up is not None:
            half_life = min(half_life, images * self.spec.ramp_up)
        return float(0.5 ** (batch / max(half_life, 1e-8)))

    @torch.no_grad()
    def _lerp(self, averages: Sequence[Tensor], values: Sequence[Tensor], _count: Tensor | int) -> None:
        torch._foreach_lerp_(list(averages), list(values), self._weight)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return everything that a checkpoint needs."""
        return {name: dict(model.state_dict()) for name, model in self.models.items()}

    def load(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take up what :meth:`state` returned."""
        for name, model in self.models.items():
            model.load_state_dict(dict(state[name]))
