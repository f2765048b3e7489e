"""Checks a graph's inputs at the call: there or not, shape, dtype, and what of the meaning shows in the values."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch

from aetherist.core.dims import Dim, Shape, Star, Symbol
from aetherist.core.errors import Diagnostic, InputError, Side, did_you_mean
from aetherist.core.graph import Graph, GraphInput
from aetherist.core.ports import misfit
from aetherist.core.unify import Solver

Sizes = dict[Symbol | Star, Any]
"""What names in shapes stand for: numbers, and for runs the sizes of their axes."""


@attrs.frozen(eq=False)
class _TensorCheck:
    """What is asked of one tensor, worked out once: the hot path only compares."""

    given: GraphInput
    rank: int
    run: Star | None
    before: int
    after: int
    compound: bool
    head: tuple[tuple[int, Dim, int | None, Symbol | None], ...]
    dtypes: frozenset[torch.dtype] | None
    look: Callable[[torch.Tensor], str | None] | None


class InputCheck:
    """The check of one graph's inputs. ``sizes`` are those that inputs bound earlier have fixed."""

    def __init__(self, graph: Graph, sizes: Mapping[Symbol | Star, Any]) -> None:
        self.graph = graph
        self.sizes = dict(sizes)
        self.required = frozenset(name for name, given in graph.inputs.items() if given.required)
        self.tensors = {name: _prepared(given) for name, given in graph.inputs.items() if given.type.kind == "tensor"}
        self.compound = [check for check in self.tensors.values() if check.compound]
        self._seen: dict[str, tuple[weakref.ref[torch.Tensor], int]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_seen": {}}

    def __call__(self, inputs: Mapping[str, Any], *, values: bool, partial: bool = False) -> Sizes:
        """Raise :class:`InputError` unless the inputs fit; return the sizes that they fix.

        Args:
            inputs: By name.
            values: Whether to look into the tensors.
            partial: Whether required inputs may be left out.
        """
        found: list[Diagnostic] = []
        if not (self.required <= inputs.keys() <= self.graph.inputs.keys()):
            found += self._names(inputs, partial)
        sizes = dict(self.sizes)
        for name, value in inputs.items():
            check = self.tensors.get(name)
            if check is None:
                found += self._plain(name, value)
            elif isinstance(value, torch.Tensor):
                if not _fits(check, value, sizes):
                    found.append(self._misshapen(check, value, sizes))
                elif values and check.look is not None and type(value) is torch.Tensor:
                    problem = self._look(name, check.look, value)
                    if problem is not None:
                        found.append(self._fault("AE505", name, f"the values of '{name}' do not fit: {problem}"))
            elif not (value is None and (check.given.type.nullable or not check.given.required)):
                found.append(
                    self._fault("AE504", name, f"'{name}' is a {type(value).__name__}, not {check.given.type}")
                )
        if self.compound and not found:
            found += self._unsolvable(inputs, sizes)
        if found:
            raise InputError(found)
        return sizes

    def _look(self, name: str, look: Callable[[torch.Tensor], str | None], value: torch.Tensor) -> str | None:
        """Look into a tensor, unless it is the one of the last call and nobody has written to it since."""
        if value.is_inference():  # keeps no count of what is written to it
            return look(value)
        seen = self._seen.get(name)
        if seen is not None and seen[0]() is value and seen[1] == value._version:
            return None
        problem = look(value)
        if problem is None:
            self._seen[name] = (weakref.ref(value), value._version)
        return problem

    def _unsolvable(self, inputs: Mapping[str, Any], sizes: Sizes) -> list[Diagnostic]:
        """Solve the sizes that are sums and products for the names in them; add those to ``sizes``."""
        solver = Solver()
        for name, size in sizes.items():
            if isinstance(name, Symbol):
                solver.equate(Shape((Dim.of(name),)), Shape((Dim.of(size),)))
        found = []
        for check in self.compound:
            value = inputs.get(check.given.name)
            if isinstance(value, torch.Tensor):
                places = [(Shape((size,)), Shape((Dim.of(value.shape[at]),))) for at, size, *_ in check.head]
                if any(solver.equate(*place, check) for place in places):
                    found.append(self._misshapen(check, value, sizes))
        for conflict in solver.settle():
            found.append(self._misshapen(conflict.because, inputs[conflict.because.given.name], sizes))
        for symbol in {symbol for check in self.compound for symbol in check.given.type.shape.symbols}:
            size = solver.dim(Dim.of(symbol)).constant
            if size is not None:
                sizes[symbol] = size
        return found

    def _names(self, inputs: Mapping[str, Any], partial: bool) -> list[Diagnostic]:
        found = []
        for name in sorted(inputs.keys() - self.graph.inputs.keys()):
            message = f"graph '{self.graph.name}' has no input '{name}'; {did_you_mean(name, self.graph.inputs)}"
            found.append(self._fault("AE502", name, message))
        if not partial:
            for name in sorted(self.required - inputs.keys()):
                type_ = self.graph.inputs[name].type
                found.append(self._fault("AE501", name, f"the input '{name}' is missing; it takes {type_}"))
        return found

    def _plain(self, name: str, value: Any) -> list[Diagnostic]:
        given = self.graph.inputs.get(name)
        if given is None or given.type.kind != "value":
            return []
        problem = misfit(value, given.type)
        return [self._fault("AE504", name, f"'{name}' {problem}")] if problem else []

    def _misshapen(self, check: _TensorCheck, value: torch.Tensor, sizes: Sizes) -> Diagnostic:
        name, type_ = check.given.name, check.given.type
        if check.dtypes is not None and value.dtype not in check.dtypes:
            message = f"'{name}' has the wrong dtype"
            return self._fault("AE504", name, message, sides=_sides(check, value))
        known = ", ".join(
            f"{name} = {size}"
            for name, size in sizes.items()
            if name in type_.shape.symbols or name in type_.shape.axes
        )
        by = "what is bound fixes" if any(name in self.sizes for name in type_.shape.symbols) else "other inputs fix"
        notes = (f"{by} {known}",) if known else ()
        return self._fault("AE503", name, f"'{name}' has the wrong shape", sides=_sides(check, value), notes=notes)

    def _fault(self, code: str, name: str, message: str, **more: Any) -> Diagnostic:
        given = self.graph.inputs.get(name)
        where = given.where if given is not None else None
        return Diagnostic(code, message, where=where, path=f"graphs.{self.graph.name}.inputs.{name}", **more)


def _sides(check: _TensorCheck, value: torch.Tensor) -> tuple[Side, ...]:
    dtype = str(value.dtype).removeprefix("torch.")
    return (
        Side("expected", str(check.given.type)),
        Side("given", f"{dtype} {tuple(value.shape)}"),
    )


def _prepared(given: GraphInput) -> _TensorCheck:
    axes = given.type.shape.axes
    run = next((index for index, axis in enumerate(axes) if isinstance(axis, Star)), None)
    head = []
    for index, axis in enumerate(axes):
        if isinstance(axis, Dim):
            place = index if run is None or index < run else index - len(axes)
            head.append((place, axis, axis.constant, axis.symbol))
    names = given.type.dtypes
    dtypes = None if names is None else frozenset(getattr(torch, name) for name in names if hasattr(torch, name))
    look = given.type.named.check if given.type.named is not None else None
    compound = any(constant is None and symbol is None for _, _, constant, symbol in head)
    star = axes[run] if run is not None else None
    assert star is None or isinstance(star, Star)
    rank, before = (len(axes), 0) if run is None else (len(axes) - 1, run)
    return _TensorCheck(given, rank, star, before, rank - before, compound, tuple(head), dtypes, look)


def _fits(check: _TensorCheck, value: torch.Tensor, sizes: Sizes) -> bool:
    shape = value.shape
    if len(shape) != check.rank and not (check.run is not None and len(shape) > check.rank):
        return False
    if check.dtypes is not None and value.dtype not in check.dtypes:
        return False
    for place, _, constant, symbol in check.head:
        actual = shape[place]
        if constant is not None:
            if actual != constant:
                return False
        elif symbol is not None and sizes.setdefault(symbol, actual) != actual:
            return False
    if check.run is not None:
        between = tuple(shape[check.before : len(shape) - check.after])
        return bool(sizes.setdefault(check.run, between) == between)
    return True
