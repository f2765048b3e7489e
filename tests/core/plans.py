"""Plans of graphs written as text."""

from __future__ import annotations

import torch

from aetherist.core.plan import Plan
from tests.core.checking import graph


def plan(text: str, outputs: list[str] | None = None, seed: int = 0, extra: str = "") -> Plan:
    """Return the plan of the graph ``g``; ``extra`` are more components."""
    report = graph(text, extra=extra)
    report.raise_for_errors()
    torch.manual_seed(seed)
    return Plan.build(report.graphs["g"], {name: part.build() for name, part in report.parts.items()}, outputs)
