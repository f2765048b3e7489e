"""Hypothesis strategies for the inputs of components, derived from their ports.

A strategy draws sizes, a dtype and a seed; the tensors are then made with a ``torch.Generator``, so that drawing is
fast and an example shrinks to small sizes, not to strange numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from aetherist.core.component import Component, ComponentConfig, registry
from aetherist.core.dims import Dim, Shape, Star, Symbol
from aetherist.core.parts import Part
from aetherist.core.ports import Port, PortType

Sizes = Mapping[str, int | SearchStrategy[int]]
"""Sizes by the names in a component's shapes; a name left out is drawn from 1 to 4."""

DTYPES = (torch.float32,)


def part_of(component: str | type[Component], config: Mapping[str, Any] | ComponentConfig | None = None) -> Part:
    """Return a component, by name or class, with its validated config."""
    cls = registry.get(component) if isinstance(component, str) else component
    made = config if isinstance(config, ComponentConfig) else cls.configure(config or {})
    return Part(cls.component_name, cls, made)


def inputs_for(
    component: str | type[Component],
    config: Mapping[str, Any] | ComponentConfig | None = None,
    *,
    operation: str = "forward",
    sizes: Sizes | None = None,
    dtypes: Sequence[torch.dtype] = DTYPES,
    always: Collection[str] = (),
    optional: bool = True,
) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for the inputs of a component, by name, valid for their meanings.

    Args:
        component: A class, or a registered name such as ``"renderer.volume"``.
        config: Fields of its config.
        operation: Which of its operations.
        sizes: What the names in its shapes may be.
        dtypes: Floating dtypes to draw from; one is drawn for all inputs. A component with weights must be moved to
            it: ``module.to(inputs["x"].dtype)``.
        always: Optional inputs that this config cannot do without.
        optional: Whether the other optional inputs are sometimes given.
    """
    part = part_of(component, config)

    @st.composite
    def draw_all(draw: DrawFn) -> dict[str, Any]:
        signature = part.cls.signatures[operation]
        given = [
            port
            for port in signature.inputs.values()
            if port.required or port.name in always or (optional and draw(st.booleans()))
        ]
        known = _draw_sizes(draw, part, given, sizes or {})
        dtype = draw(st.sampled_from(list(dtypes)))
        generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31 - 1)))
        return {port.name: _value(port.type, part, known, dtype, generator, draw) for port in given}

    return draw_all()


def tensors_for(
    type_: PortType, *, sizes: Sizes | None = None, dtypes: Sequence[torch.dtype] = DTYPES
) -> SearchStrategy[Tensor]:
    """Return a strategy for tensors of one port type: ``tensors_for(Camera.type("B 25"))``."""

    @st.composite
    def draw_one(draw: DrawFn) -> Tensor:
        known = {symbol: _draw_size(draw, symbol, sizes or {}) for symbol in sorted(type_.shape.symbols)}
        generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31 - 1)))
        return _tensor(type_, _numbers(type_.shape, known), draw(st.sampled_from(list(dtypes))), generator)

    return draw_one()


def draw_inputs(
    part: Part,
    operation: str,
    sizes: Mapping[str, int],
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    always: Collection[str] = (),
    optional: bool = False,
) -> dict[str, Any]:
    """Return one set of inputs at given sizes (2 for a name left out), without hypothesis."""
    generator = torch.Generator().manual_seed(seed)
    inputs = part.cls.signatures[operation].inputs.values()
    ports = [port for port in inputs if port.required or optional or port.name in always]
    known = {symbol: sizes.get(symbol.name, 2) for port in ports for symbol in sizes_of(port.type, part)}
    return {port.name: _value(port.type, part, known, dtype, generator, None, port.default) for port in ports}


def _draw_sizes(draw: DrawFn, part: Part, ports: Sequence[Port], sizes: Sizes) -> dict[Symbol, int]:
    symbols = {symbol for port in ports for symbol in sizes_of(port.type, part)}
    return {symbol: _draw_size(draw, symbol, sizes) for symbol in sorted(symbols)}


def _draw_size(draw: DrawFn, symbol: Symbol, sizes: Sizes) -> int:
    size = sizes.get(symbol.name, st.integers(1, 4))
    return size if isinstance(size, int) else draw(size)


def sizes_of(type_: PortType, part: Part) -> frozenset[Symbol]:
    """Return the sizes of a port that the config leaves open."""
    inner = type_ if type_.item is None else type_.item
    return frozenset(symbol for symbol in inner.shape.symbols if part.constant(symbol.name) is None)


def _value(
    type_: PortType,
    part: Part,
    known: Mapping[Symbol, int],
    dtype: torch.dtype,
    generator: torch.Generator,
    draw: DrawFn | None,
    default: Any = None,
) -> Any:
    if type_.item is not None:
        items = [_value(type_.item, part, known, dtype, generator, draw) for _ in range(2)]
        return items if type_.kind == "list" else dict(zip("ab", items, strict=True))
    if type_.kind == "tensor":
        fixed = part.sized(type_.shape)
        return _tensor(type_, _numbers(fixed, known), dtype, generator)
    if draw is None:
        return default if default is not None or type_.nullable else _plain(type_.values[0])
    return draw(st.one_of([_plain_strategy(allowed) for allowed in type_.values]))


def _numbers(shape: Shape, known: Mapping[Symbol, int]) -> tuple[int, ...]:
    """Return a shape in numbers; a run of axes has as many axes as its drawn size, each of size 2."""
    numbers: list[int] = []
    for axis in shape.axes:
        if isinstance(axis, Star):
            numbers += [2] * known.get(axis.symbol, 1)
        else:
            assert isinstance(axis, Dim)
            numbers.append(axis.evaluate(known))
    return tuple(numbers)


def _tensor(type_: PortType, shape: tuple[int, ...], dtype: torch.dtype, generator: torch.Generator) -> Tensor:
    allowed = type_.dtypes
    floating = allowed is None or str(dtype).removeprefix("torch.") in allowed
    if type_.named is not None and type_.named.sample is not None:
        sampled = type_.named.sample(shape, generator)
        return sampled.to(dtype) if floating and sampled.is_floating_point() else sampled
    if floating:
        return torch.randn(shape, generator=generator, dtype=dtype)
    assert allowed is not None
    if "bool" in allowed:
        return torch.rand(shape, generator=generator) < 0.5
    integer = "int64" if "int64" in allowed else sorted(allowed)[0]
    return torch.randint(0, 100, shape, generator=generator).to(getattr(torch, integer))


def _plain(allowed: Any) -> Any:
    return allowed(1) if isinstance(allowed, type) else allowed


def _plain_strategy(allowed: Any) -> SearchStrategy[Any]:
    known: dict[Any, SearchStrategy[Any]] = {
        int: st.integers(0, 4),
        float: st.floats(0, 1),
        bool: st.booleans(),
        str: st.text(max_size=4),
    }
    return known[allowed] if isinstance(allowed, type) else st.just(allowed)
