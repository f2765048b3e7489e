"""Solves the shapes of a graph, and remembers why.

Every wire says that two shapes are one. :class:`Solver` collects those equations between integer polynomials, solves
each for a symbol as soon as it can, keeps the others until more is known, and in the end settles what a system of
linear equations settles. Whether linear equations have integer solutions, and which sizes they fix, does not depend on
the order in which wires arrive; only which wire of a contradiction gets the blame does.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import attrs

from aetherist.core.dims import ZERO, Dim, Monomial, Shape, Star, Symbol


@attrs.frozen
class Conflict:
    """Two shapes that cannot be one.

    ``axis`` counts in the left shape and ``opposite`` in the right one, from the end (-1) behind a run whose length is
    not known; they are ``None`` where the number of axes differs.
    """

    axis: int | None
    left: str
    right: str
    because: Any
    opposite: int | None = None


@attrs.frozen
class _Equation:
    left: Dim
    right: Dim
    axis: int
    opposite: int
    because: Any

    def conflict(self, left: Dim, right: Dim) -> Conflict:
        return Conflict(self.axis, str(left), str(right), self.because, self.opposite)


_Axes = tuple[Dim | Star, ...]


@attrs.frozen
class _Runs:
    """Two shapes whose runs (``*name``) cannot be told apart yet."""

    left: _Axes
    right: _Axes
    because: Any


class Solver:
    """A growing set of shape equations and what follows from them."""

    def __init__(self) -> None:
        self._values: dict[Symbol, Dim] = {}
        self._runs: dict[Symbol, _Axes] = {}
        self._fixed_by: dict[Symbol, _Equation] = {}
        self._reasons: dict[Symbol, Any] = {}
        self._waiting: list[_Equation | _Runs] = []

    def equate(self, left: Shape, right: Shape, because: Any = None) -> list[Conflict]:
        """Add the equation of two shapes; return the contradictions it runs into.

        Where there is a choice, the names of the right shape stay and those of the left one are explained by them.

        Raises:
            SizeError: If a size grows beyond what is reckoned with.
        """
        return self._equate_runs(left.axes, right.axes, because)

    def settle(self) -> list[Conflict]:
        """Use every equation that waits until nothing more follows; return the contradictions found."""
        conflicts: list[Conflict] = []
        while self._waiting:
            before = len(self._waiting), len(self._values), len(self._runs)
            waiting, self._waiting = self._waiting, []
            for entry in waiting:
                if isinstance(entry, _Runs):
                    conflicts += self._equate_runs(entry.left, entry.right, entry.because)
                else:
                    conflicts += self._equate_dims(entry)
            if (len(self._waiting), len(self._values), len(self._runs)) == before:
                progress, found = self._settle_linear()
                conflicts += found
                if not progress:
                    break
        return conflicts + self._negative()

    def conditions(self) -> list[tuple[Dim, Dim, Any]]:
        """Return the equations of sizes that no solution could be told of, each with its ``because``."""
        waiting = [entry for entry in self._waiting if isinstance(entry, _Equation)]
        return [(self.dim(entry.left), self.dim(entry.right), entry.because) for entry in waiting]

    def shape(self, shape: Shape) -> Shape:
        """Return a shape with everything that is known put in."""
        return Shape(self._spread(shape.axes))

    def dim(self, dim: Dim) -> Dim:
        """Return a size with everything that is known put in."""
        return dim.substitute(self._value)

    def reason(self, symbol: Symbol) -> Any:
        """Return what was given as ``because`` by the equation that fixed ``symbol``, or ``None``."""
        return self._reasons.get(symbol)

    def _value(self, symbol: Symbol) -> Dim | None:
        value = self._values.get(symbol)
        if value is None or value.constant is not None:
            return value
        pending = [symbol]  # values refer to later values; a long chain of them must not recurse
        while pending:
            value = self._values[pending[-1]]
            bound = [inner for inner in value.symbols if inner in self._values]
            unfinished = [inner for inner in bound if not self._values.keys().isdisjoint(self._values[inner].symbols)]
            if unfinished:
                pending += unfinished
                continue
            if bound:
                self._values[pending[-1]] = value.substitute(self._values.get)
            pending.pop()
        return self._values[symbol]

    def _spread(self, axes: _Axes) -> _Axes:
        """Put in what is known; a shape has one run at most, and so has what a run stands for."""
        while True:
            at = next((i for i, axis in enumerate(axes) if isinstance(axis, Star) and axis.symbol in self._runs), None)
            if at is None:
                return tuple(axis if isinstance(axis, Star) else self.dim(axis) for axis in axes)
            run = axes[at]
            assert isinstance(run, Star)
            axes = axes[:at] + self._runs[run.symbol] + axes[at + 1 :]

    def _equate_runs(self, left: _Axes, right: _Axes, because: Any) -> list[Conflict]:
        left, right = self._spread(left), self._spread(right)
        shorter = min(len(left), len(right))
        conflicts: list[Conflict] = []
        head = 0
        while head < shorter:
            one, other = left[head], right[head]
            if isinstance(one, Star) or isinstance(other, Star):
                break
            conflicts += self._equate_dims(_Equation(one, other, head, head, because))
            head += 1
        tail = 0
        while tail < shorter - head:
            one, other = left[-1 - tail], right[-1 - tail]
            if isinstance(one, Star) or isinstance(other, Star):
                break
            places = _from_end(left, tail), _from_end(right, tail)
            conflicts += self._equate_dims(_Equation(one, other, *places, because))
            tail += 1
        middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
        if middle_left == middle_right:
            return conflicts
        for run, value in ((middle_left, middle_right), (middle_right, middle_left)):
            if len(run) == 1 and isinstance(run[0], Star) and run[0] not in value:
                self._runs[run[0].symbol] = value
                self._reasons[run[0].symbol] = because
                return conflicts
        if _is_open(middle_left) and _is_open(middle_right) and 1 not in (len(middle_left), len(middle_right)):
            if not conflicts:
                self._waiting.append(_Runs(left, right, because))
            return conflicts
        return [*conflicts, Conflict(None, _spell(left), _spell(right), because)]

    def _equate_dims(self, equation: _Equation) -> list[Conflict]:
        left, right = self.dim(equation.left), self.dim(equation.right)
        if left == right:
            return []
        for alone, other in ((left, right), (right, left)):
            symbol = alone.symbol
            if symbol is not None and symbol not in other.symbols:
                return [] if self._bind(symbol, other, equation) else [equation.conflict(left, right)]
        verdict = self._solve(left - right, equation)
        if verdict is None:
            self._waiting.append(equation)
            return []
        return [] if verdict else [equation.conflict(left, right)]

    def _solve(self, zero: Dim, equation: _Equation) -> bool | None:
        """Make a polynomial zero: whether that can be, or ``None`` where it cannot be told yet."""
        if zero.constant is not None:
            return zero.constant == 0
        divisor = math.gcd(*(factor for monomial, factor in zero.terms if monomial))
        if any(factor % divisor for _, factor in zero.terms):
            return False
        zero = Dim(tuple((monomial, factor // divisor) for monomial, factor in zero.terms))
        if _below_zero(zero) or _below_zero(-zero):
            return False
        ours = equation.left.symbols
        for monomial, factor in sorted(zero.terms, key=lambda term: ours.isdisjoint(name for name, _ in term[0])):
            if abs(factor) == 1 and len(monomial) == 1 and monomial[0][1] == 1:
                symbol = monomial[0][0]
                rest = zero - Dim(((monomial, factor),))
                if symbol not in rest.symbols:
                    return self._bind(symbol, -rest if factor == 1 else rest, equation)
        return None

    def _bind(self, symbol: Symbol, value: Dim, equation: _Equation) -> bool:
        if _below_zero(value):
            return False
        self._values[symbol] = value
        self._reasons[symbol] = equation.because
        if value.constant is None and value.symbol is None:
            self._fixed_by[symbol] = equation
        return True

    def _negative(self) -> list[Conflict]:
        """Return the contradictions of sizes that turn out to be below zero once everything is known."""
        found = []
        for symbol, equation in list(self._fixed_by.items()):
            if _below_zero(self.dim(Dim.of(symbol))):
                del self._fixed_by[symbol]
                found.append(equation.conflict(self.dim(equation.left), self.dim(equation.right)))
        return found

    def _settle_linear(self) -> tuple[bool, list[Conflict]]:
        """Treat what waits as linear equations over its monomials; bind what they determine."""
        system = _LinearSystem()
        conflicts: list[Conflict] = []
        blame: dict[Monomial, _Equation] = {}
        for equation in [entry for entry in self._waiting if isinstance(entry, _Equation)]:
            zero = self.dim(equation.left - equation.right)
            if system.add(zero):
                blame.update(dict.fromkeys((monomial for monomial, _ in zero.terms if monomial), equation))
            else:
                self._waiting.remove(equation)
                conflicts.append(equation.conflict(self.dim(equation.left), self.dim(equation.right)))
        bound = len(self._values)
        for monomial, equation in blame.items():
            value = system.value(Dim(((monomial, 1),)))
            if value is None or value.constant is None or len(monomial) > 1:
                continue
            symbol, power = monomial[0]
            root = _root(value.constant, power)
            if root is None:
                self._waiting.remove(equation)
                return True, [*conflicts, equation.conflict(self.dim(equation.left), self.dim(equation.right))]
            if symbol not in self._values:
                self._bind(symbol, Dim.of(root), equation)
        for symbol in list(self._values):
            value = system.value(self.dim(Dim.of(symbol)))
            if value is not None and value.constant is not None:
                self._values[symbol] = value
        return bool(conflicts) or len(self._values) > bound, conflicts


class _LinearSystem:
    """Linear equations over the integers, whose unknowns are monomials.

    Every equation is solved as it comes: where no unknown has the factor 1, a new parameter takes the place of the one
    with the smallest factor until one has (Knuth, The Art of Computer Programming 2, section 4.5.2). So the unknowns
    become sums over free parameters, and those that are the same in every solution become numbers.
    """

    def __init__(self) -> None:
        self._solver = Solver()
        self._unknowns: dict[Monomial, Dim] = {}
        self._names = itertools.count()

    def add(self, zero: Dim) -> bool:
        """Make a polynomial zero; whether the system still has integer solutions."""
        for monomial, _ in zero.terms:
            if monomial and monomial not in self._unknowns:
                self._unknowns[monomial] = self._parameter()
        row = self.value(zero)
        assert row is not None
        while row.constant is None:
            divisor = math.gcd(*(factor for monomial, factor in row.terms if monomial))
            if any(factor % divisor for _, factor in row.terms):
                return False
            row = _divided(row, divisor)
            monomial, factor = min((term for term in row.terms if term[0]), key=lambda term: abs(term[1]))
            quotient = _divided(row - Dim(((monomial, factor),)), factor)
            fresh = ZERO if abs(factor) == 1 else self._parameter()
            self._solver._values[monomial[0][0]] = fresh - quotient
            row = self._solver.dim(row)
        return row.constant == 0

    def value(self, dim: Dim) -> Dim | None:
        """Return a polynomial as a sum over the parameters, or ``None`` if a monomial of it is not in the system."""
        total = ZERO
        for monomial, factor in dim.terms:
            unknown = self._unknowns.get(monomial) if monomial else Dim.of(1)
            if unknown is None:
                return None
            total = total + Dim.of(factor) * unknown
        return self._solver.dim(total)

    def _parameter(self) -> Dim:
        return Dim.of(Symbol(f"p{next(self._names)}"))


def _divided(dim: Dim, divisor: int) -> Dim:
    """Return the quotients of the factors, rounded down."""
    return Dim(tuple((monomial, factor // divisor) for monomial, factor in dim.terms if factor // divisor))


def _below_zero(dim: Dim) -> bool:
    """Whether a polynomial is below zero for all sizes."""
    return bool(dim.terms) and dim.terms[0][0] == () and all(factor < 0 for _, factor in dim.terms)


def _is_open(axes: _Axes) -> bool:
    return any(isinstance(axis, Star) for axis in axes)


def _from_end(axes: _Axes, tail: int) -> int:
    return -1 - tail if _is_open(axes) else len(axes) - 1 - tail


def _root(value: int, power: int) -> int | None:
    """Return the non-negative integer whose ``power`` is ``value``, if there is one."""
    if value < 0:
        return None
    if power == 1:
        return value
    guess = round(value ** (1 / power))
    return next((n for n in (guess - 1, guess, guess + 1) if n >= 0 and n**power == value), None)


def _spell(axes: _Axes) -> str:
    return " ".join(str(axis) for axis in axes)
