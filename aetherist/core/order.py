"""In which order the steps of a graph can run, and which of them wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import networkx as nx

from aetherist.core.recipe import GraphSpec, StepSpec


def sources_of(step: StepSpec) -> Iterator[str]:
    """Yield the names of the inputs and steps that a step's wires come from."""
    return _heads(step.inputs)


@attrs.frozen
class Circle:
    """Steps that wait for each other: all of them, and one way round."""

    steps: set[str]
    way: list[str]


def in_order(graph: GraphSpec) -> tuple[list[str], list[Circle]]:
    """Return the steps in an order in which they can run, and the circles of those that cannot."""
    steps = graph.steps
    network: nx.DiGraph[str] = nx.DiGraph()
    network.add_nodes_from(steps)
    for name, step in steps.items():
        network.add_edges_from((head, name) for head in sources_of(step) if head in steps and head not in graph.inputs)
    circles = []
    for group in list(nx.strongly_connected_components(network)):
        alone = next(iter(group))
        if len(group) > 1 or network.has_edge(alone, alone):
            first = next(name for name in steps if name in group)
            way = nx.find_cycle(network.subgraph(group), first)
            circles.append(Circle(group, [way[0][0], *(edge[1] for edge in way)]))
            network.remove_nodes_from(group)
    position = {name: index for index, name in enumerate(steps)}
    return list(nx.lexicographical_topological_sort(network, key=lambda name: position[name])), circles


def reached(graph: GraphSpec) -> set[str]:
    """Return the inputs and steps that the outputs of a graph come from, as written."""
    waiting = [output.source.partition(".")[0] for output in graph.outputs.values()]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sources_of(graph.steps[name]) if name in graph.steps else ()
    return found


def _heads(written: Any) -> Iterator[str]:
    if isinstance(written, str):
        yield written.partition(".")[0]
    elif isinstance(written, dict):
        if set(written) != {"value"}:
            for part in written.values():
                yield from _heads(part)
    elif isinstance(written, list):
        for part in written:
            yield from _heads(part)
