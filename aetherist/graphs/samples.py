"""Example inputs for a graph, valid for the meaning of each port, to measure and describe it with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from aetherist.core.dims import Dim, Symbol
from aetherist.core.errors import did_you_mean
from aetherist.core.graph import Graph
from aetherist.core.ports import PortType

OPEN_SIZE = 64
"""The size of an axis that neither the recipe nor the caller fixes."""


def sample_inputs(
    graph: Graph, *, batch: int = 1, sizes: Mapping[str, int] | None = None, seed: int = 0
) -> dict[str, Any]:
    """Return a value for every input of ``graph`` that has no default.

    Args:
        graph: Checked, so that its shapes are solved.
        batch: The size of ``B``.
        sizes: Sizes of other axes that the recipe leaves open, by name; 64 otherwise.
        seed: Of the values.

    Raises:
        ValueError: If the graph leaves open no axis that ``sizes`` names.
    """
    axes = open_axes(graph)
    known = dict.fromkeys(axes, OPEN_SIZE) | {"B": batch}
    for name, size in (sizes or {}).items():
        if name not in axes:
            raise ValueError(f"graph '{graph.name}' leaves no axis '{name}' open; {did_you_mean(name, axes)}")
        known[name] = size
    generator = torch.Generator().manual_seed(seed)
    return {name: _sample(given.type, known, generator) for name, given in graph.inputs.items() if given.required}


def open_axes(graph: Graph) -> list[str]:
    """Return the names of the input axes whose sizes the caller chooses, ``B`` apart."""
    names = {symbol.name for given in graph.inputs.values() for symbol in given.type.shape.symbols}
    return sorted(names - {"B"})


def _sample(type_: PortType, sizes: Mapping[str, int], generator: torch.Generator) -> Any:
    if type_.kind == "tensor":
        return _tensor(type_, sizes, generator)
    if type_.nullable:
        return None
    if type_.item is not None:
        item = _sample(type_.item, sizes, generator)
        return [item] if type_.kind == "list" else {"sample": item}
    first = type_.values[0]
    return first(1) if isinstance(first, type) else first


def _tensor(type_: PortType, sizes: Mapping[str, int], generator: torch.Generator) -> torch.Tensor:
    scope: dict[Symbol, int] = {symbol: sizes.get(symbol.name, OPEN_SIZE) for symbol in type_.shape.symbols}
    shape = tuple(axis.evaluate(scope) for axis in type_.shape.axes if isinstance(axis, Dim))
    if type_.named is not None and type_.named.sample is not None:
        return type_.named.sample(shape, generator)
    names = type_.dtypes
    if names is None or any(name.startswith(("float", "bfloat")) for name in names):
        return torch.randn(shape, generator=generator)
    if "bool" in names:
        return torch.rand(shape, generator=generator) < 0.5
    return torch.randint(0, 2, shape, generator=generator)
