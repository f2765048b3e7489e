"""A graph as it is drawn: the two ends of every wire, before they are held against each other."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from aetherist.base.document import Path as Place
from aetherist.core.dims import Shape
from aetherist.core.graph import Graph, Wire
from aetherist.core.parts import Part
from aetherist.core.ports import SCALAR, PortType


@attrs.frozen(eq=False)
class End:
    """One end of a wire: a port at one call site. ``declared`` is its shape before the config's sizes were put in."""

    label: str
    type: PortType
    place: Place
    declared: Shape = SCALAR
    part: Part | None = None


@attrs.frozen(eq=False)
class Edge:
    """A wire between two typed ends; ``place`` is where the recipe draws it."""

    producer: End
    consumer: End
    place: Place


@attrs.frozen(eq=False)
class Value:
    """What a name stands for inside a graph: a wire, and the end it leaves from (a constant has none)."""

    wire: Wire
    end: End | None


Outputs = Mapping[str, Value | None]
"""What a step gives, by name; a single output has no name. A value of ``None`` is unknown."""


@attrs.define(eq=False)
class Draft:
    """A graph whose wires are drawn but whose types are not solved yet."""

    graph: Graph
    edges: list[Edge]
    input_ends: dict[str, End]
    output_ends: dict[str, End | None]
    step_ends: dict[str, tuple[dict[str, End], dict[str, End]]]
    sound: bool = True
