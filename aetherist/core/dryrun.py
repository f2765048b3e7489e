"""The dry check: the real modules under fake tensors, at two probe sizes, for a device that need not be there."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)

from aetherist.base.document import dotted
from aetherist.core.dims import Dim, Shape, Star, Symbol
from aetherist.core.errors import Diagnostic, Position, Severity, Side
from aetherist.core.fakecuda import allow_fake_cuda
from aetherist.core.graph import Constant, Graph, InputRef, OutputRef, Step, Wire
from aetherist.core.ports import PortType, misfit
from aetherist.core.recipe import Recipe

BATCHES = (2, 3)
OTHERS = (32, 64)
TRIED = (*range(1, 25), 32, 48, 64)
MAX_TRIED = 20_000

_DATA_DEPENDENT = (DataDependentOutputException, DynamicOutputShapeException, UnsupportedOperatorException)


class DryRun:
    """Builds a recipe's components once under fake tensors and runs graphs on them.

    Args:
        recipe: For the positions in diagnostics.
        device: Where the modules pretend to be: ``cpu`` or ``cuda``, whether or not the machine has one.
    """

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        self.recipe = recipe
        self.device = torch.device(device)
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        if self.device.type == "cuda" and not allow_fake_cuda():
            raise ValueError("this build of PyTorch cannot pretend to have CUDA; dry-run with device='cpu'")
        self.modules: dict[str, nn.Module | None] = {}
        self.diagnostics: list[Diagnostic] = []
        self.known: set[tuple[str, Position, str]] = set()

    def run(self, graph: Graph) -> list[Diagnostic]:
        """Run a graph at each probe size; return what was found, the first fault of each step.

        A step whose inputs another step failed to give is not run, and a step that is at fault in a graph is not
        reported again where other graphs call that graph.
        """
        self.diagnostics = []
        faulty: set[str] = set()
        for probe in range(len(BATCHES)):
            sizes = self._probe_sizes(graph, probe)
            if sizes is None:
                continue
            with _quiet(), self.mode, torch.device(self.device), torch.no_grad():
                values = self._inputs(graph, sizes)
                for step in graph.steps.values():
                    if step.name in faulty or not self._step(graph, step, values, sizes):
                        faulty.add(step.name)
        return self.diagnostics

    def _probe_sizes(self, graph: Graph, probe: int) -> dict[Symbol, int] | None:
        """Return sizes that satisfy the graph's conditions, or ``None`` if none are found."""
        symbols = {symbol for given in graph.inputs.values() for symbol in given.type.shape.symbols}
        sizes = {symbol: (BATCHES if symbol.name == "B" else OTHERS)[probe] for symbol in symbols}
        sides = [side for left, right in graph.conditions if (side := left - right).symbols <= symbols]
        tied = sorted({symbol for side in sides for symbol in side.symbols})
        if not tied:
            return sizes
        points = itertools.islice(itertools.product(TRIED, repeat=len(tied)), MAX_TRIED)
        tries = (sizes | dict(zip(tied, point, strict=True)) for point in points)
        found = [sizes for sizes in tries if all(side.evaluate(sizes) == 0 for side in sides)]
        return found[-1 - probe % len(found)] if found else None

    def _inputs(self, graph: Graph, sizes: Mapping[Symbol, int]) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for name, given in graph.inputs.items():
            try:
                values[name] = self._fake(given.type, sizes, given.default)
            except (RuntimeError, TypeError, OverflowError):
                message = f"no tensor can have the type of the input '{name}', {given.type}, at {_sizes(sizes)}"
                self._report("AE402", message, given.where, "graphs", graph.name, "inputs", name)
        return values

    def _fake(self, type_: PortType, sizes: Mapping[Symbol, int], default: Any) -> Any:
        if type_.kind != "tensor" or (default is None and type_.nullable):
            return default if default is not None else _plain(type_)
        shape = concrete(type_.shape, sizes)
        return torch.empty(shape, dtype=_dtype(type_), device=self.device)

    def _module(self, step: Step) -> nn.Module | None:
        part = step.part
        if part.name not in self.modules:
            try:
                self.modules[part.name] = part.build().eval()
            except Exception as error:
                self.modules[part.name] = None
                message = f"{part.cls.component_name} cannot be built: {_reason(error)}"
                where = self.recipe.where("components", part.name, of_key=True)
                self._report("AE401", message, where, "components", part.name)
        return self.modules[part.name]

    def _step(self, graph: Graph, step: Step, values: dict[Any, Any], sizes: dict[Symbol, int]) -> bool:
        place = ("graphs", graph.name, "steps", *step.name.split(".")[:1])
        module = self._module(step)
        try:
            arguments = {port: _gather(wire, values) for port, wire in step.wires.items()}
        except KeyError:
            return False
        if module is None:
            return False
        try:
            result = (
                getattr(module, step.operation)(**arguments) if step.operation != "forward" else module(**arguments)
            )
        except _DATA_DEPENDENT as error:
            message = f"'{step.name}' depends on values, so its shapes cannot be told before it runs"
            self._report("AE404", message, step.where, *place, notes=(_reason(error),), severity=Severity.WARNING)
            return False
        except Exception as error:
            shapes = tuple(f"{name}: {_spell(value)}" for name, value in arguments.items())
            message = f"'{step.name}' fails at these sizes: {type(error).__name__}: {_reason(error)}"
            self._report("AE402", message, step.where, *place, notes=shapes)
            return False
        return self._outputs(step, result, values, sizes, place)

    def _outputs(
        self, step: Step, result: Any, values: dict[Any, Any], sizes: dict[Symbol, int], place: tuple[str, ...]
    ) -> bool:
        honest = True
        for port, type_ in step.outputs.items():
            value = result if step.signature.single else getattr(result, port, None)
            problem = self._lie(type_, value, sizes)
            if problem is None:
                values[(step.name, None if step.signature.single else port)] = value
            else:
                honest = False
                label = step.name if step.signature.single else f"{step.name}.{port}"
                sides = (Side("declares", str(type_)), Side("gives", _spell(value)))
                message = f"{step.part.cls.component_name} does not keep its word for '{label}': {problem}"
                self._report("AE403", message, step.where, *place, port=port, sides=sides)
        return honest

    def _lie(self, type_: PortType, value: Any, sizes: dict[Symbol, int]) -> str | None:
        if value is None:
            return None if type_.nullable else "it gives null"
        if type_.kind != "tensor":
            problem = misfit(value, type_) if type_.item is None else None
            return f"it {problem}" if problem else None
        if not isinstance(value, torch.Tensor):
            return f"it gives a {type(value).__name__}"
        if type_.dtypes is not None and str(value.dtype).removeprefix("torch.") not in type_.dtypes:
            return f"the dtype is {str(value.dtype).removeprefix('torch.')}"
        if value.device.type != self.device.type:
            return f"it is on {value.device.type}, and the graph runs on {self.device.type}"
        return (
            None
            if matches(type_.shape, tuple(value.shape), sizes)
            else f"the shape is {tuple(value.shape)} at {_sizes(sizes)}"
        )

    def _report(self, code: str, message: str, where: Position, *place: str, port: str = "", **more: Any) -> None:
        if (code, where, port) not in self.known:
            self.diagnostics.append(Diagnostic(code, message, where=where, path=dotted(place), **more))
        self.known.add((code, where, port))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep PyTorch from logging the traceback of an operation that fails; the diagnostic says what is wrong."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def matches(shape: Shape, actual: tuple[int, ...], sizes: dict[Symbol, int]) -> bool:
    """Whether an actual shape is the declared one; symbols not seen before take the size they meet."""
    axes = list(shape.axes)
    run = next((index for index, axis in enumerate(axes) if isinstance(axis, Star)), None)
    if run is not None:
        if len(actual) < len(axes) - 1:
            return False
        after = len(axes) - run - 1
        actual = actual[:run] + actual[len(actual) - after :]
        del axes[run]
    if len(axes) != len(actual):
        return False
    for axis, size in zip(axes, actual, strict=True):
        assert isinstance(axis, Dim)
        if axis.symbol is not None:
            if sizes.setdefault(axis.symbol, size) != size:
                return False
        elif axis.symbols <= sizes.keys() and axis.evaluate(sizes) != size:
            return False
    return True


def concrete(shape: Shape, sizes: Mapping[Symbol, int]) -> tuple[int, ...]:
    """Return a shape in numbers; a run of axes becomes none."""
    return tuple(axis.evaluate(sizes) for axis in shape.axes if isinstance(axis, Dim))


def _gather(wire: Wire, values: Mapping[Any, Any]) -> Any:
    if isinstance(wire, Constant):
        return wire.value
    if isinstance(wire, InputRef):
        return values[wire.name]
    if isinstance(wire, OutputRef):
        return values[(wire.step, wire.output)]
    if isinstance(wire, tuple):
        return [_gather(part, values) for part in wire]
    return {name: _gather(part, values) for name, part in wire.items()}


def _dtype(type_: PortType) -> torch.dtype:
    names = type_.dtypes
    for name in ("float32", "int64", "bool"):
        if names is None or name in names:
            return getattr(torch, name)  # type: ignore[no-any-return]
    return getattr(torch, sorted(names or {"float32"})[0])  # type: ignore[no-any-return]


def _plain(type_: PortType) -> Any:
    """Return some value of a plain type, for an input without a default."""
    if type_.nullable or not type_.values:
        return None if type_.item is None else ([] if type_.kind == "list" else {})
    first = type_.values[0]
    return first(1) if isinstance(first, type) else first


def _spell(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    return repr(value) if not isinstance(value, list | dict) else type(value).__name__


def _sizes(sizes: Mapping[Symbol, int]) -> str:
    return (
        ", ".join(f"{symbol} = {size}" for symbol, size in sorted(sizes.items(), key=lambda item: str(item[0])))
        or "any size"
    )


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
