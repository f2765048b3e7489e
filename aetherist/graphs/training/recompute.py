"""Components that forget their activations and compute them again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from aetherist.core.component import Component


class Recomputed(nn.Module):
    """Stands for a component in a plan: the same parameters and results, less memory, more time."""

    def __init__(self, component: Component) -> None:
        super().__init__()
        self.component = component
        for name in type(component).signatures:
            if name != "forward":
                setattr(self, name, _recomputed(getattr(component, name)))

    def forward(self, *args: Any, **inputs: Any) -> Any:
        """Do as the component does."""
        return _recomputed(self.component)(*args, **inputs)


def _recomputed(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **inputs: Any) -> Any:
        if not torch.is_grad_enabled():
            return function(*args, **inputs)
        # Components draw from seeds alone, so there is no state of a generator to keep.
        return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False, **inputs)

    return run
