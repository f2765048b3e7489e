"""``aetherist train --dry-run``: what a training would take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch
from rich.text import Text

from aetherist.cli.console import columns, show
from aetherist.cli.numbers import amount, memory
from aetherist.cli.training_view import clock, parameters
from aetherist.graphs.training.cost import measured_rate, training_cost
from aetherist.graphs.training.schedules import spell_count

if TYPE_CHECKING:
    from aetherist.core.check import Report
    from aetherist.graphs.training import TrainingSpec


def show_cost(report: Report, spec: TrainingSpec, device: torch.device) -> None:
    """Print parameters, memory, arithmetic and time; nothing is trained or written."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    cost = training_cost(report, spec, processes)
    rate = measured_rate(device)
    thousand = 1000 * cost.flops_per_image / (rate * processes)
    show(Text.assemble((f"{report.recipe.name}", "bold"), f"  {spec.batch_size} images a step on {device}"), "")
    rows = [
        [p.name, f"every {p.every}" if p.every > 1 else "", amount(p.flops), memory(p.peak_bytes)] for p in cost.phases
    ]
    columns(["phase", "steps", "FLOPs", "memory"], rows, right=("FLOPs", "memory"))
    held = f"weights {memory(cost.weight_bytes)}, averages {memory(cost.average_bytes)}"
    show(
        "",
        f"parameters: {parameters(cost.parameters)}",
        f"memory a process: {memory(cost.memory)} ({held}, optimizers and gradients {memory(cost.optimizer_bytes)})",
        f"arithmetic: {amount(cost.flops_per_image)} FLOPs an image; this device does {amount(rate)} a second",
        f"time: at least {clock(thousand)} for a thousand images, {clock(thousand * spec.length / 1000)} for all "
        f"{spell_count(spec.length)}; reading data and gathering samples come on top",
    )
