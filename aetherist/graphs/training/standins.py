"""What stands for a component in the plan of a phase: the same parameters, run with less memory or fewer bits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map
from torch.utils.checkpoint import checkpoint

from aetherist.core.component import Component
from aetherist.graphs.training.precision import HALF
from aetherist.graphs.training.spec import Precision

Run = Callable[..., Any]


class StandIn(nn.Module):
    """Runs a component's ``forward`` and operations through ``change``."""

    def __init__(self, component: Component, change: Callable[[Run], Run]) -> None:
        super().__init__()
        self.component = component
        self._forward = change(component)
        for name in type(component).signatures:
            if name != "forward":
                setattr(self, name, change(getattr(component, name)))

    def forward(self, *args: Any, **inputs: Any) -> Any:
        """Do as the component does."""
        return self._forward(*args, **inputs)


def standing_in(
    components: Mapping[str, Component],
    *,
    recomputed: Collection[str],
    precision: Precision = "fp32",
    full: Collection[str] = (),
    device: torch.device,
) -> dict[str, nn.Module]:
    """Return what a phase's plan is built of.

    Args:
        components: Under their names.
        recomputed: Those whose activations are computed again in the backward pass rather than kept.
        precision: In which the components compute. What passes between them is fp32, so that losses are.
        full: Those that compute in fp32 all the same.
        device: Where they are.
    """
    made: dict[str, nn.Module] = {}
    for name, component in components.items():
        half = HALF[precision] if precision != "fp32" and name not in full else None
        again = name in recomputed
        made[name] = component
        if half is not None or again:
            made[name] = StandIn(component, lambda run, half=half, again=again: _changed(run, half, again, device))  # type: ignore[misc]
    return made


def _changed(run: Run, half: torch.dtype | None, again: bool, device: torch.device) -> Run:
    if half is not None:
        run = _in_half(run, half, device)
    return _recomputed(run) if again else run


def _in_half(run: Run, dtype: torch.dtype, device: torch.device) -> Run:
    def halved(*args: Any, **inputs: Any) -> Any:
        with torch.autocast(device.type, dtype=dtype):
            result = run(*args, **inputs)
        return tree_map(lambda v: v.float() if isinstance(v, Tensor) and v.dtype == dtype else v, result)

    return halved


def _recomputed(run: Run) -> Run:
    def again(*args: Any, **inputs: Any) -> Any:
        if not torch.is_grad_enabled():
            return run(*args, **inputs)
        # Components draw from seeds alone, so there is no state of a generator to keep.
        return checkpoint(run, *args, use_reentrant=False, preserve_rng_state=False, **inputs)

    return again
