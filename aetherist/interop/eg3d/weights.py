"""From the reference's tensors to each component's state, one to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from aetherist.interop.eg3d.report import ComponentReport
from aetherist.interop.errors import CheckpointError
from aetherist.interop.pickles.errors import bare

ROOTS = {
    "mapping": ("G", "backbone.mapping.", ""),
    "planes": ("G", "backbone.synthesis.", ""),
    "renderer": ("G", "decoder.", "decoder."),
    "superres": ("G", "superresolution.", ""),
    "discriminator": ("D", "", ""),
}
"""Component -> network, what the reference's names begin with, and what stands in its place in the component."""

FILTER = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8.0
MAX_LINES = 12


@dataclass
class Placement:
    """Where the tensors of a checkpoint went."""

    components: dict[str, ComponentReport] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)


def place(networks: Mapping[str, Mapping[str, Tensor]], modules: Mapping[str, nn.Module], source: str) -> Placement:
    """Put the tensors of the networks `G` and `D` into modules that were built on the meta device.

    Values become float32 (buffers too). Constant filters that a component does not keep are dropped after a
    look at their values; other tensors without a place are surplus and named, not refused.

    Raises:
        CheckpointError: If tensors are missing or misshapen: each by component, reference name and expected
        shape.
    """
    placement = Placement()
    problems: list[str] = []
    used: set[str] = set()
    for component, module in modules.items():
        if component not in ROOTS:
            continue
        network, theirs, ours = ROOTS[component]
        state: dict[str, Tensor] = {}
        for name, expected in module.state_dict().items():
            reference = theirs + name.removeprefix(ours)
            tensor = networks[network].get(reference)
            used.add(f"{network}.{reference}")
            if tensor is None:
                problems.append(f"{component}: {network}.{reference} is missing; expected {_shape(expected)}")
            elif tensor.shape != expected.shape:
                found = f"has shape {_shape(tensor)}; expected {_shape(expected)}"
                problems.append(f"{component}: {network}.{reference} {found}")
            else:
                state[name] = tensor.detach().to(torch.float32)
                if not state[name].isfinite().all():
                    placement.not_finite.append(f"{network}.{reference}")
        if not problems:
            module.load_state_dict(state, assign=True)
            placement.components[component] = _count(module)
    if problems:
        raise CheckpointError(_problems(source, problems))
    for network, tensors in networks.items():
        for name, tensor in tensors.items():
            if f"{network}.{name}" not in used:
                constant = name.endswith("resample_filter") and _is_filter(tensor)
                (placement.dropped if constant else placement.surplus).append(bare(f"{network}.{name}"))
    return placement


def _is_filter(tensor: Tensor) -> bool:
    return tensor.shape == (4, 4) and torch.allclose(tensor.float(), torch.outer(FILTER, FILTER), atol=1e-6)


def _count(module: nn.Module) -> ComponentReport:
    parameters = list(module.parameters())
    state = module.state_dict()
    return ComponentReport(
        len(parameters), len(state) - len(parameters), sum(tensor.numel() for tensor in state.values())
    )


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


def _problems(source: str, problems: list[str]) -> str:
    shown = [f"  {problem}" for problem in problems[:MAX_LINES]]
    if len(problems) > MAX_LINES:
        shown.append(f"  and {len(problems) - MAX_LINES} more")
    return "\n".join(
        [
            f"{source}: the tensors do not fit the recorded constructor arguments",
            *shown,
            "  fix: correct the arguments (channel_base, channel_max, img_resolution, w_dim and mapping_kwargs set"
            " most shapes) with --arguments, or import the whole state dict",
        ]
    )
