"""Solves the shapes of a graph, and remembers why.

Every wire says that two shapes are one. :class:`Solver` collects those equations between integer polynomials, solves
each for a symbol as soon as it can, keeps the others until more is known, and in the end settles what a system of
linear equations settles. The outcome does not depend on the order in which wires arrive; only which wire of a
contradiction gets the blame does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs

from aetherist.core.dims import Dim, Monomial, Shape, Star, Symbol


@attrs.frozen
class Conflict:
    """Two shapes that cannot be one. ``axis`` is ``None`` where the number of axes differs."""

    axis: int | None
    left: str
    right: str
    because: Any


@attrs.frozen
class _Equation:
    left: Dim
    right: Dim
    axis: int | None
    because: Any


@attrs.frozen
class _Runs:
    """Two shapes whose runs (``*name``) cannot be told apart yet."""

    left: tuple[Dim | Star, ...]
    right: tuple[Dim | Star, ...]
    because: Any


class Solver:
    """A growing set of shape equations and what follows from them."""

    def __init__(self) -> None:
        self._values: dict[Symbol, Dim] = {}
        self._runs: dict[Symbol, tuple[Dim | Star, ...]] = {}
        self._reasons: dict[Symbol, Any] = {}
        self._waiting: list[_Equation | _Runs] = []

    def equate(self, left: Shape, right: Shape, because: Any = None) -> list[Conflict]:
        """Add the equation of two shapes; return the contradictions it runs into."""
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
                progress, found = self._eliminate()
                conflicts += found
                if not progress:
                    break
        return conflicts

    def shape(self, shape: Shape) -> Shape:
        """Return a shape with everything that is known put in."""
        return Shape(tuple(self._spread(shape.axes)))

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
        known = value.substitute(self._value)
        self._values[symbol] = known
        return known

    def _spread(self, axes: tuple[Dim | Star, ...]) -> Iterator[Dim | Star]:
        for axis in axes:
            if not isinstance(axis, Star):
                yield self.dim(axis)
            elif axis.symbol in self._runs:
                yield from self._spread(self._runs[axis.symbol])
            else:
                yield axis

    def _equate_runs(self, left: tuple[Dim | Star, ...], right: tuple[Dim | Star, ...], because: Any) -> list[Conflict]:
        left, right = tuple(self._spread(left)), tuple(self._spread(right))
        conflicts: list[Conflict] = []
        head = 0
        while head < min(len(left), len(right)):
            one, other = left[head], right[head]
            if isinstance(one, Star) or isinstance(other, Star):
                break
            conflicts += self._equate_dims(_Equation(one, other, head, because))
            head += 1
        tail = 0
        while tail < min(len(left), len(right)) - head:
            one, other = left[-1 - tail], right[-1 - tail]
            if isinstance(one, Star) or isinstance(other, Star):
                break
            conflicts += self._equate_dims(_Equation(one, other, len(left) - 1 - tail, because))
            tail += 1
        middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
        if middle_left == middle_right:
            return conflicts
        if len(middle_left) == 1 and isinstance(middle_left[0], Star):
            return conflicts + self._bind_run(middle_left[0], middle_right, left, right, because)
        if len(middle_right) == 1 and isinstance(middle_right[0], Star):
            return conflicts + self._bind_run(middle_right[0], middle_left, left, right, because)
        if any(isinstance(a, Star) for a in middle_left) and any(isinstance(a, Star) for a in middle_right):
            self._waiting.append(_Runs(middle_left, middle_right, because))
            return conflicts
        return [*conflicts, Conflict(None, _spell(left), _spell(right), because)]

    def _bind_run(
        self,
        star: Star,
        value: tuple[Dim | Star, ...],
        left: tuple[Dim | Star, ...],
        right: tuple[Dim | Star, ...],
        because: Any,
    ) -> list[Conflict]:
        if star in value:
            return [Conflict(None, _spell(left), _spell(right), because)]
        self._runs[star.symbol] = value
        self._reasons[star.symbol] = because
        return []

    def _equate_dims(self, equation: _Equation) -> list[Conflict]:
        left, right = self.dim(equation.left), self.dim(equation.right)
        if left == right:
            return []
        conflict = [Conflict(equation.axis, str(left), str(right), equation.because)]
        for alone, other in ((left, right), (right, left)):
            symbol = alone.symbol
            if symbol is not None and symbol not in other.symbols:
                return [] if self._bind(symbol, other, equation.because) else conflict
        verdict = self._solve(left - right, equation.because)
        if verdict is None:
            self._waiting.append(equation)
            return []
        return [] if verdict else conflict

    def _solve(self, zero: Dim, because: Any) -> bool | None:
        """Make a polynomial zero: whether that can be, or ``None`` where it cannot be told yet."""
        if zero.constant is not None:
            return zero.constant == 0
        divisor = math.gcd(*(factor for monomial, factor in zero.terms if monomial))
        if any(factor % divisor for _, factor in zero.terms):
            return False
        zero = Dim(tuple((monomial, factor // divisor) for monomial, factor in zero.terms))
        for monomial, factor in zero.terms:
            if abs(factor) == 1 and len(monomial) == 1 and monomial[0][1] == 1:
                symbol = monomial[0][0]
                rest = zero - Dim(((monomial, factor),))
                if symbol not in rest.symbols:
                    return self._bind(symbol, -rest if factor == 1 else rest, because)
        if all(factor > 0 for _, factor in zero.terms):
            return False
        return None

    def _bind(self, symbol: Symbol, value: Dim, because: Any) -> bool:
        if value.constant is not None and value.constant < 0:
            return False
        self._values[symbol] = value
        self._reasons[symbol] = because
        return True

    def _eliminate(self) -> tuple[bool, list[Conflict]]:
        """Treat what waits as linear equations over its monomials; bind what that determines."""
        equations = [entry for entry in self._waiting if isinstance(entry, _Equation)]
        rows = [(dict(self.dim(e.left - e.right).terms), e) for e in equations]
        reduced: list[tuple[Monomial, dict[Monomial, Fraction], _Equation]] = []
        conflicts: list[Conflict] = []
        for row, equation in rows:
            exact = {monomial: Fraction(factor) for monomial, factor in row.items()}
            for pivot, other, _ in reduced:
                _subtract(exact, other, pivot)
            free = sorted(monomial for monomial in exact if monomial)
            if free:
                pivot = free[0]
                scale = exact[pivot]
                exact = {monomial: factor / scale for monomial, factor in exact.items()}
                for _, other, _ in reduced:
                    _subtract(other, exact, pivot)
                reduced.append((pivot, exact, equation))
            elif exact:
                self._waiting.remove(equation)
                conflicts.append(
                    Conflict(
                        equation.axis, str(self.dim(equation.left)), str(self.dim(equation.right)), equation.because
                    )
                )
        progress = bool(conflicts)
        for pivot, exact, equation in reduced:
            if set(exact) <= {pivot, ()} and len(pivot) == 1:
                value = _root(-exact.get((), Fraction(0)), pivot[0][1])
                symbol = pivot[0][0]
                if value is None:
                    self._waiting.remove(equation)
                    conflicts.append(Conflict(equation.axis, str(equation.left), str(equation.right), equation.because))
                elif symbol not in self._values:
                    self._bind(symbol, Dim.of(value), equation.because)
                progress = True
        return progress, conflicts


def _subtract(row: dict[Monomial, Fraction], other: dict[Monomial, Fraction], pivot: Monomial) -> None:
    factor = row.get(pivot)
    if not factor:
        return
    for monomial, value in other.items():
        left = row.get(monomial, Fraction(0)) - factor * value
        if left:
            row[monomial] = left
        else:
            row.pop(monomial, None)


def _root(value: Fraction, power: int) -> int | None:
    """Return the non-negative integer whose ``power`` is ``value``, if there is one."""
    if value.denominator != 1 or value < 0:
        return None
    guess = round(int(value) ** (1 / power))
    return next((n for n in (guess - 1, guess, guess + 1) if n >= 0 and n**power == value), None)


def _spell(axes: tuple[Dim | Star, ...]) -> str:
    return " ".join(str(axis) for axis in axes)
