"""What recipes from outside would cost, reckoned before anything of them runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aetherist.core.check import Report
from aetherist.core.graph import Graph
from aetherist.graphs.describe import GraphCost, describe
from aetherist.serve.engine.errors import Refused
from aetherist.serve.engine.messages import Settings
from aetherist.serve.engine.worker.tokens import Cancelled, Token, Watched

OPERATIONS = 100_000
"""Operations that building a graph's components and walking through it once may take."""

SECONDS = 20.0
"""How long that may take."""


def costs(graph: Graph, token: Token) -> GraphCost:
    """Return what one run of a graph takes, reckoned on tensors without content.

    Raises:
        Refused: ``too_costly`` where it takes more operations than are reckoned with; ``unprocessable_recipe`` where it
            cannot be built or run at all.
    """
    try:
        with Watched(token, OPERATIONS, SECONDS, f"reckoning graph '{graph.name}'"):
            return describe(graph)
    except (Refused, Cancelled):
        raise
    except Exception as error:  # of components that are given settings which nobody has tried
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Refused(f"graph '{graph.name}' cannot be run: {reason}", "unprocessable_recipe") from None


def too_costly(cost: GraphCost, settings: Settings) -> list[str]:
    """Return what of a graph's costs is more than is allowed, in words; nothing where all of it is fine."""
    memory = cost.parameter_bytes + cost.peak_bytes
    return [
        f"graph '{cost.graph}' has {found:,} {what}; {most:,} are allowed"
        for what, found, most in (
            ("parameters", cost.parameters, settings.recipe_parameters),
            ("FLOPs a run", cost.flops, settings.recipe_flops),
            ("bytes of parameters and activations", memory, settings.recipe_memory_bytes),
        )
        if found > most
    ]


def afford(report: Report, graphs: Iterable[str], settings: Settings, token: Token) -> dict[str, GraphCost]:
    """Return what graphs cost.

    Raises:
        Refused: If one of them costs more than is allowed, or that cannot be told.
    """
    found = {name: costs(report.graphs[name], token) for name in graphs}
    over = [text for cost in found.values() for text in too_costly(cost, settings)]
    if over:
        raise Refused("; ".join(over), "too_costly")
    return found


def as_data(cost: GraphCost) -> dict[str, Any]:
    """Return a graph's costs, JSON-ready."""
    return {
        "graph": cost.graph,
        "parameters": cost.parameters,
        "parameter_bytes": cost.parameter_bytes,
        "flops": cost.flops,
        "peak_bytes": cost.peak_bytes,
        "steps": [
            {
                "name": step.name,
                "parameters": step.parameters,
                "flops": step.flops,
                "output_bytes": step.output_bytes,
                "peak_bytes": step.peak_bytes,
            }
            for step in cost.steps
        ],
    }
