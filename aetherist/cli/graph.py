"""``aetherist graph``."""

from __future__ import annotations

import json
from typing import Literal

from aetherist.cli.console import write
from aetherist.cli.graphs import checked, graph_of
from aetherist.cli.options import Graph, Overrides, Profile, Recipe


def graph(
    recipe: Recipe,
    /,
    *,
    graph: Graph = None,
    format: Literal["mermaid", "dot", "json", "code"] = "mermaid",
    profile: Profile = None,
    override: Overrides = None,
) -> None:
    """Draw a graph, or print the code it compiles to.

    Args:
        format: `mermaid` goes into Markdown, `dot` into Graphviz (`aetherist graph tiny --format dot | dot -Tsvg`),
            `json` has every port with its solved type, `code` is the Python that runs.
    """
    drawn = graph_of(checked(recipe, profile, override), graph)
    from aetherist.graphs import draw

    if format == "json":
        write(json.dumps(draw.to_data(drawn), indent=2) + "\n")
    else:
        write({"mermaid": draw.to_mermaid, "dot": draw.to_dot, "code": draw.to_code}[format](drawn))
