"""Dimension expressions: polynomials with integer coefficients, parsed without ``eval``.

A shape is written as words: ``"B 3 2*H *rest"``. Each word is an integer, a name, arithmetic over them with
``+ - *`` and parentheses, or ``*name`` for any number of axes. ``_`` is a size, and ``...`` a run of axes, that nobody
asks about.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import attrs

MAX_TEXT = 256
MAX_TERMS = 64
MAX_DEGREE = 16
MAX_SIZE = 2**63 - 1

_TOKEN = re.compile(r"\s*(?:([0-9]+)|([A-Za-z_][A-Za-z0-9_]*)|([-+*()]))")
ANONYMOUS = ("_", "...")
"""What stands for a size, and for a run of axes, that has no name and so equals no other."""

_anonymous = itertools.count()


class SizeError(ValueError):
    """A size expression that grows beyond what is reckoned with."""


@attrs.frozen(order=True, cache_hash=True)
class Symbol:
    """A named unknown size. ``scope`` tells two call sites' ``B`` apart."""

    name: str
    scope: str = ""

    def __str__(self) -> str:
        return self.name


Monomial = tuple[tuple[Symbol, int], ...]


@attrs.frozen(cache_hash=True, repr=False)
class Dim:
    """An integer polynomial over symbols, in canonical form: equal polynomials compare equal."""

    terms: tuple[tuple[Monomial, int], ...]

    @staticmethod
    def of(value: int | Symbol | Dim) -> Dim:
        """Return ``value`` as a polynomial."""
        if isinstance(value, Dim):
            return value
        if isinstance(value, Symbol):
            return Dim(((((value, 1),), 1),))
        return Dim((((), value),) if value else ())

    @property
    def constant(self) -> int | None:
        """The value, if no symbol is left in it."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    @property
    def symbol(self) -> Symbol | None:
        """The symbol, if the polynomial is exactly one."""
        if len(self.terms) == 1 and self.terms[0][1] == 1:
            monomial = self.terms[0][0]
            if len(monomial) == 1 and monomial[0][1] == 1:
                return monomial[0][0]
        return None

    @property
    def symbols(self) -> frozenset[Symbol]:
        """Every symbol that occurs."""
        return frozenset(symbol for monomial, _ in self.terms for symbol, _ in monomial)

    def __add__(self, other: Dim) -> Dim:
        return _collect(itertools.chain(self.terms, other.terms))

    def __neg__(self) -> Dim:
        return Dim(tuple((monomial, -factor) for monomial, factor in self.terms))

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __mul__(self, other: Dim) -> Dim:
        return _collect((_times(left, right), a * b) for left, a in self.terms for right, b in other.terms)

    def substitute(self, values: Callable[[Symbol], Dim | None]) -> Dim:
        """Replace each symbol for which ``values`` has something."""
        if not self.terms or (len(self.terms) == 1 and not self.terms[0][0]):
            return self
        if (alone := self.symbol) is not None:
            return values(alone) or self
        total = ZERO
        for monomial, factor in self.terms:
            product = Dim.of(factor)
            for symbol, power in monomial:
                value = values(symbol) or Dim.of(symbol)
                for _ in range(power):
                    product = product * value
            total = total + product
        return total

    def evaluate(self, values: Mapping[Symbol, int]) -> int:
        """Return the value where every symbol has one."""
        total = 0
        for monomial, factor in self.terms:
            for symbol, power in monomial:
                factor *= values[symbol] ** power
            total += factor
        return total

    def __str__(self) -> str:
        parts: list[str] = []
        for monomial, factor in sorted(self.terms, key=lambda term: (-len(term[0]), term[0])):
            names = [str(symbol) for symbol, power in monomial for _ in range(power)]
            size = abs(factor)
            body = "*".join(([str(size)] if size != 1 or not names else []) + names)
            sign = "-" if factor < 0 else "+" if parts else ""
            parts.append(sign + body)
        return "".join(parts) or "0"

    __repr__ = __str__


ZERO = Dim(())


@attrs.frozen(cache_hash=True)
class Star:
    """Any number of axes, under one name."""

    symbol: Symbol

    def __str__(self) -> str:
        return f"*{self.symbol}"


@attrs.frozen(cache_hash=True, repr=False)
class Shape:
    """The axes of a tensor: sizes, and at most one run of unknown length."""

    axes: tuple[Dim | Star, ...]

    @property
    def symbols(self) -> frozenset[Symbol]:
        """Every symbol that occurs, in a size or as a run."""
        found: set[Symbol] = set()
        for axis in self.axes:
            found |= {axis.symbol} if isinstance(axis, Star) else axis.symbols
        return frozenset(found)

    def rename(self, rule: Callable[[Symbol], Symbol | int]) -> Shape:
        """Return the shape with each symbol replaced by another, or by a number."""
        axes: list[Dim | Star] = []
        for axis in self.axes:
            if isinstance(axis, Star):
                renamed = rule(axis.symbol)
                axes.append(Star(renamed) if isinstance(renamed, Symbol) else axis)
            else:
                axes.append(axis.substitute(lambda symbol: Dim.of(rule(symbol))))
        return Shape(tuple(axes))

    def __str__(self) -> str:
        return " ".join(str(axis) for axis in self.axes)

    __repr__ = __str__


@lru_cache(maxsize=4096)
def _parse_cached(text: str) -> Shape:
    if len(text) > MAX_TEXT:
        raise ValueError(f"a shape of {len(text)} characters; at most {MAX_TEXT} are read")
    axes: list[Dim | Star] = []
    for word in text.split():
        if word == "...":
            axes.append(Star(Symbol("...")))
        elif word.startswith("*"):
            if not word[1:].isidentifier():
                raise ValueError(f"'{word}' is no run of axes: write * and a name, as in *batch")
            axes.append(Star(Symbol(word[1:])))
        else:
            axes.append(parse_dim(word))
    if sum(isinstance(axis, Star) for axis in axes) > 1:
        raise ValueError(f"'{text}' has two runs of axes (*name); their lengths could not be told apart")
    return Shape(tuple(axes))


def parse_shape(text: str) -> Shape:
    """Read a shape such as ``"B 3 2*H W"``.

    Raises:
        ValueError: If a word is neither a size nor a run of axes.
    """
    return _parse_cached(text).rename(_fresh_if_anonymous)


def _fresh_if_anonymous(symbol: Symbol) -> Symbol:
    return Symbol(symbol.name, f"#{next(_anonymous)}") if symbol.name in ANONYMOUS else symbol


def parse_dim(word: str) -> Dim:
    """Read one size: an integer, a name, or arithmetic over them with ``+ - *`` and parentheses."""
    tokens = _tokens(word)
    value, rest = _sum(tokens, 0, 0)
    if rest != len(tokens):
        raise ValueError(f"'{word}' is no size: '{tokens[rest]}' was not expected")
    return value


def _tokens(word: str) -> list[str]:
    tokens, position = [], 0
    while position < len(word):
        match = _TOKEN.match(word, position)
        if match is None:
            raise ValueError(f"'{word}' is no size: a size is an integer, a name, or + - * over them")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


def _sum(tokens: list[str], at: int, depth: int) -> tuple[Dim, int]:
    value, at = _product(tokens, at, depth)
    while at < len(tokens) and tokens[at] in "+-":
        right, after = _product(tokens, at + 1, depth)
        value = value + right if tokens[at] == "+" else value - right
        at = after
    return value, at


def _product(tokens: list[str], at: int, depth: int) -> tuple[Dim, int]:
    value, at = _atom(tokens, at, depth)
    while at < len(tokens) and tokens[at] == "*":
        right, at = _atom(tokens, at + 1, depth)
        value = value * right
    return value, at


def _atom(tokens: list[str], at: int, depth: int) -> tuple[Dim, int]:
    if at >= len(tokens) or depth > 16:
        raise ValueError(f"'{''.join(tokens)}' is no size: it ends too early or nests too deep")
    token = tokens[at]
    if token == "(":
        value, at = _sum(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at] != ")":
            raise ValueError(f"'{''.join(tokens)}' is no size: a parenthesis is not closed")
        return value, at + 1
    if token == "-":
        value, at = _atom(tokens, at + 1, depth + 1)
        return -value, at
    if token.isdigit():
        return _collect([((), int(token))]), at + 1
    if token.isidentifier():
        return Dim.of(Symbol(token)), at + 1
    raise ValueError(f"'{''.join(tokens)}' is no size: '{token}' was not expected")


def _times(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for symbol, power in right:
        powers[symbol] = powers.get(symbol, 0) + power
    if sum(powers.values()) > MAX_DEGREE:
        raise SizeError(f"a size expression multiplies more than {MAX_DEGREE} names")
    return tuple(sorted(powers.items()))


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Dim:
    total: dict[Monomial, int] = {}
    for monomial, factor in terms:
        total[monomial] = total.get(monomial, 0) + factor
    if len(total) > MAX_TERMS:
        raise SizeError(f"a size expression grows beyond {MAX_TERMS} terms")
    if any(abs(factor) > MAX_SIZE for factor in total.values()):
        raise SizeError(f"a size grows beyond {MAX_SIZE}")
    return Dim(tuple(sorted((monomial, factor) for monomial, factor in total.items() if factor)))
