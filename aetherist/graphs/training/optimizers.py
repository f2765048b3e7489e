"""The optimizers of the phases, and how they share them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from aetherist.graphs.training.schedules import value_at
from aetherist.graphs.training.spec import OptimizerSpec, TrainingSpec


def owner(spec: TrainingSpec, phase: str) -> str:
    """Return the phase whose optimizer a phase uses: its own, or the one it names."""
    named = spec.phases[phase].optimizer
    return named if isinstance(named, str) else phase


class Optimizers:
    """One optimizer for each phase that describes one; phases that regularise share that of another.

    Lazy regularisation takes extra steps with the same optimizer. So that a full round of steps moves as far as one
    step did without it, the learning rate and the exponents of the decays are scaled by the share of the steps that
    are not extra. Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix B.

    Args:
        spec: Of the training.
        components: What the phases update.
    """

    def __init__(self, spec: TrainingSpec, components: Mapping[str, nn.Module]) -> None:
        self.spec = spec
        self.all: dict[str, Optimizer] = {}
        for name, phase in spec.phases.items():
            if isinstance(phase.optimizer, OptimizerSpec):
                parameters = parameters_of(components, phase.update)
                self.all[name] = _made(phase.optimizer, parameters, lazy_share(spec, name))

    def prepared(self, phase: str, images: int) -> Optimizer:
        """Return the optimizer of a phase, its learning rate set to where its schedule is."""
        name = owner(self.spec, phase)
        described = self.spec.phases[name].optimizer
        assert isinstance(described, OptimizerSpec)
        for group in self.all[name].param_groups:
            group["lr"] = value_at(described.lr, images) * lazy_share(self.spec, name)
        return self.all[name]

    def rates(self) -> dict[str, float]:
        """Return the learning rates that were used last."""
        return {name: optimizer.param_groups[0]["lr"] for name, optimizer in self.all.items()}


def parameters_of(components: Mapping[str, nn.Module], names: Iterable[str]) -> list[nn.Parameter]:
    """Return the parameters of the named components, in their order."""
    return [parameter for name in names for parameter in components[name].parameters()]


def lazy_share(spec: TrainingSpec, name: str) -> float:
    """Return the share of an optimizer's steps that are not extra: 1 without lazy phases, 16/17 with one every 16."""
    extra = sum(1 / phase.every for key, phase in spec.phases.items() if phase.lazy and owner(spec, key) == name)
    return 1.0 / (1.0 + extra)


def _made(spec: OptimizerSpec, parameters: list[nn.Parameter], share: float) -> Optimizer:
    rate = value_at(spec.lr, 0) * share
    betas = (spec.betas[0] ** share, spec.betas[1] ** share)
    if spec.type == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=spec.betas[0], weight_decay=spec.weight_decay)
    kind = torch.optim.AdamW if spec.type == "adamw" else torch.optim.Adam
    # One pass over the memory instead of a dozen.
    return kind(parameters, lr=rate, betas=betas, eps=spec.eps, weight_decay=spec.weight_decay, fused=True)
