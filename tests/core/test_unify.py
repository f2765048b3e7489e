"""Unification: what follows from shape equations, whichever order they come in."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aetherist.core.dims import Dim, Shape, SizeError, Symbol, parse_dim, parse_shape
from aetherist.core.unify import Conflict, Solver

NAMES = ("A", "B", "C", "D", "E")
SYMBOLS = [Symbol(name) for name in NAMES]


def solve(*equations: str) -> tuple[Solver, list[Conflict]]:
    """Solve equations written ``"left = right"``; each is its own reason."""
    solver = Solver()
    conflicts: list[Conflict] = []
    for text in equations:
        left, right = text.split("=")
        conflicts += solver.equate(parse_shape(left), parse_shape(right), because=text)
    return solver, conflicts + solver.settle()


def known(solver: Solver, name: str) -> str:
    return str(solver.dim(parse_dim(name)))


# Stories --------------------------------------------------------------------------------------------------------------


def test_a_symbol_takes_the_size_it_meets() -> None:
    solver, conflicts = solve("B N 3 = B 128 3")
    assert conflicts == []
    assert known(solver, "2*N") == "256"


def test_equal_shapes_say_nothing_new() -> None:
    solver, conflicts = solve("B 2*H = B H+H")
    assert conflicts == []
    assert solver.reason(Symbol("H")) is None


def test_a_conflict_names_the_axis_both_sizes_and_the_wire() -> None:
    _, [conflict] = solve("B 512 4 = B 256 4")
    assert conflict == Conflict(1, "512", "256", "B 512 4 = B 256 4", 1)


def test_every_axis_that_disagrees_is_a_conflict_of_its_own() -> None:
    _, conflicts = solve("1 2 3 = 1 5 6")
    assert [(c.axis, c.left, c.right) for c in conflicts] == [(1, "2", "5"), (2, "3", "6")]


def test_a_different_number_of_axes_is_one_conflict_without_an_axis() -> None:
    _, [conflict] = solve("B 3 H W = B 3 H")
    assert (conflict.axis, conflict.left, conflict.right) == (None, "B 3 H W", "B 3 H")


def test_reason_returns_the_equation_that_fixed_a_symbol() -> None:
    solver, _ = solve("H = 4", "W = H+1", "2*X = 3*Y", "X+Y = 10")
    assert solver.reason(Symbol("H")) == "H = 4"
    assert solver.reason(Symbol("W")) == "W = H+1"
    assert solver.reason(Symbol("X")) is not None
    assert solver.reason(Symbol("never")) is None


def test_a_later_equation_reaches_what_was_bound_to_a_symbol_before() -> None:
    solver, conflicts = solve("A = B", "B = C+1", "C = 2*D", "D = 5")
    assert conflicts == []
    assert [known(solver, name) for name in "ABCD"] == ["11", "11", "10", "5"]


@pytest.mark.parametrize(
    ("equations", "solution"),
    [
        (["2*H = W", "H+W = 12"], {"H": 4, "W": 8}),
        (["2*H+3*W = 12", "5*H+2*W = 19"], {"H": 3, "W": 2}),
        (["H*W = 35", "H = 5"], {"W": 7}),
        (["H*H = 49"], {"H": 7}),
        (["H*W = 12", "H*W+H = 15"], {"H": 3, "W": 4}),
        (["2*A = 3*B", "3*B = 4*C", "A+B+C = 13"], {"A": 6, "B": 4, "C": 3}),
        (["H-1 = 2*K", "K = 8"], {"H": 17}),
        (["6*A+10*B+15*C = 31", "A = B", "B = C"], {"A": 1, "B": 1, "C": 1}),
        (["A = 2*B", "A = 3*C", "B+C = 5"], {"A": 6, "B": 3, "C": 2}),
    ],
)
def test_systems_are_solved_in_every_order_of_their_equations(equations: list[str], solution: dict[str, int]) -> None:
    for order in itertools.permutations(equations):
        solver, conflicts = solve(*order)
        assert conflicts == []
        assert {name: known(solver, name) for name in solution} == {n: str(v) for n, v in solution.items()}


@pytest.mark.parametrize(
    "equations",
    [
        ["2*H = 5"],
        ["2*H = 2*W+1"],
        ["H = H+1"],
        ["H+W+1 = 0"],
        ["0 = H*W+5"],
        ["H*H = 12"],
        ["H*W = 12", "H = 5"],
        ["H*W = 12", "W*H = 13"],
        ["N = H-1", "H = 0"],
        ["H+W = 12", "W = 13"],
        ["D = 2*A", "D = 3*B", "D = 2*C+1"],
        ["A+B = 2", "B = A+4+2*C"],
        ["A = B+C+1", "B = A+D"],
        ["4*A+6*B = 2*C", "C = 2*A+3*B+1"],
    ],
)
def test_systems_without_a_size_that_fits_conflict_in_every_order(equations: list[str]) -> None:
    for order in itertools.permutations(equations):
        _, conflicts = solve(*order)
        assert len(conflicts) == 1, order
        assert conflicts[0].because in equations


def test_what_nothing_determines_stays_a_symbol() -> None:
    solver, conflicts = solve("2*A = 3*B", "H*W = N")
    assert conflicts == []
    assert known(solver, "A") == "A"
    assert parse_dim(known(solver, "N")) == parse_dim("H*W")


# Runs -----------------------------------------------------------------------------------------------------------------


def test_a_run_takes_the_axes_between_head_and_tail() -> None:
    solver, conflicts = solve("B *rest 3 = 8 4 H 5 3", "H = 9")
    assert conflicts == []
    assert str(solver.shape(parse_shape("*rest B"))) == "4 9 5 8"
    assert solver.reason(Symbol("rest")) == "B *rest 3 = 8 4 H 5 3"


def test_a_run_may_be_empty() -> None:
    solver, conflicts = solve("B *rest = 8")
    assert conflicts == []
    assert str(solver.shape(parse_shape("*rest 1"))) == "1"


def test_two_runs_are_told_apart_as_soon_as_one_is_known() -> None:
    for order in itertools.permutations(["*a 3 = 2 *b", "*a = 2 5"]):
        solver, conflicts = solve(*order)
        assert conflicts == []
        assert str(solver.shape(parse_shape("*b"))) == "5 3"


def test_a_run_cannot_hold_itself() -> None:
    _, conflicts = solve("*a = *a 3")
    assert [c.axis for c in conflicts] == [None]


def test_a_run_used_twice_must_be_the_same_axes() -> None:
    _, [conflict] = solve("*a 1 = 4 5 1", "*a 2 = 4 6 2")
    assert (conflict.axis, conflict.opposite, conflict.left, conflict.right) == (1, 1, "5", "6")


def test_axes_behind_an_unknown_run_are_counted_from_the_end() -> None:
    _, [conflict] = solve("*a 3 = 4 5 6 7")
    assert (conflict.axis, conflict.opposite, conflict.left, conflict.right) == (-1, 3, "3", "7")


def test_axes_of_a_run_that_waited_are_counted_in_the_whole_shape() -> None:
    _, [conflict] = solve("7 *a 3 = 7 2 *b", "*a = 2 5", "*b = 5 4")
    assert (conflict.axis, conflict.left, conflict.right) == (3, "3", "4")


# Laws -----------------------------------------------------------------------------------------------------------------


@st.composite
def linear(draw: st.DrawFn, symbols: Sequence[Symbol] = SYMBOLS) -> tuple[Dim, Dim]:
    """Two sides of an equation with small factors."""
    factors = draw(st.lists(st.tuples(st.sampled_from(symbols), st.integers(-3, 3)), min_size=1, max_size=3))
    left = right = Dim.of(0)
    for symbol, factor in factors:
        term = Dim.of(abs(factor)) * Dim.of(symbol)
        left, right = (left + term, right) if factor > 0 else (left, right + term)
    constant = Dim.of(draw(st.integers(0, 6)))
    return (left + constant, right) if draw(st.booleans()) else (left, right + constant)


def equations_true_of(values: dict[Symbol, int], products: bool = False) -> st.SearchStrategy[tuple[Dim, Dim]]:
    """Equations that hold for the given sizes."""

    def close(pair: tuple[Dim, Dim]) -> tuple[Dim, Dim]:
        gap = pair[0].evaluate(values) - pair[1].evaluate(values)
        return (pair[0] + Dim.of(-gap), pair[1]) if gap < 0 else (pair[0], pair[1] + Dim.of(gap))

    symbol = st.sampled_from(SYMBOLS).map(Dim.of)
    product = st.builds(lambda a, b: (a * b, Dim.of(0)), symbol, symbol)
    return (linear() | product if products else linear()).map(close)


def outcome(equations: Sequence[tuple[Dim, Dim]]) -> tuple[bool, dict[Symbol, int | None]]:
    """Whether the equations have a solution, and the sizes they fix."""
    solver = Solver()
    conflicts = [c for left, right in equations for c in solver.equate(Shape((left,)), Shape((right,)))]
    conflicts += solver.settle()
    return not conflicts, {symbol: solver.dim(Dim.of(symbol)).constant for symbol in SYMBOLS}


@given(st.data())
def test_solutions_satisfy_every_equation(data: st.DataObject) -> None:
    values = {symbol: data.draw(st.integers(0, 5), str(symbol)) for symbol in SYMBOLS}
    equations = data.draw(st.lists(equations_true_of(values, products=True), max_size=6))
    satisfiable, found = outcome(equations)
    assert satisfiable, "the sizes that the equations were made from solve them"
    for left, right in equations:
        gap = (left - right).substitute(lambda s: None if found[s] is None else Dim.of(found[s]))  # type: ignore[arg-type]
        assert gap.constant in (0, None)


@given(st.data())
def test_the_order_of_linear_equations_changes_no_size(data: st.DataObject) -> None:
    values = {symbol: data.draw(st.integers(0, 5), str(symbol)) for symbol in SYMBOLS}
    equations = data.draw(st.lists(equations_true_of(values), max_size=5))
    assert outcome(equations) == outcome(data.draw(st.permutations(equations)))


@given(st.data())
def test_linear_equations_without_integer_solutions_conflict_in_every_order(data: st.DataObject) -> None:
    equations = data.draw(st.lists(linear(), max_size=4))
    modulus = data.draw(st.sampled_from([0, 2, 3]))
    impossible = Dim.of(data.draw(st.integers(1, modulus - 1 if modulus else 4)))
    for left, right in equations:
        impossible = impossible + Dim.of(data.draw(st.integers(-2, 2))) * (left - right)
    left, right = data.draw(linear())
    impossible = impossible + Dim.of(modulus) * (left - right)
    order = data.draw(st.permutations([*equations, (impossible, Dim.of(0))]))
    assert not outcome(order)[0]


@given(st.data())
def test_the_order_of_equations_with_products_changes_nothing_where_a_solution_exists(data: st.DataObject) -> None:
    values = {symbol: data.draw(st.integers(0, 5), str(symbol)) for symbol in SYMBOLS[:3]}
    factors = st.sampled_from(SYMBOLS[:3]).map(Dim.of)
    products = st.builds(lambda a, b: a * b, factors, factors)
    plain = factors | products
    pairs = st.lists(plain.map(lambda side: (side, Dim.of(side.evaluate(values)))), max_size=5)
    equations = data.draw(pairs)
    shuffled = data.draw(st.permutations(equations))
    assert outcome(equations) == outcome(shuffled)


@given(st.data())
def test_linear_verdicts_agree_with_trying_all_small_sizes(data: st.DataObject) -> None:
    symbols = SYMBOLS[:3]
    equations = data.draw(st.lists(linear(symbols), min_size=1, max_size=4))
    solutions = _solutions(equations, symbols)
    satisfiable, found = outcome(equations)
    if solutions:
        assert satisfiable
        for symbol in symbols:
            assert found[symbol] is None or {values[symbol] for values in solutions} == {found[symbol]}


def _solutions(equations: Sequence[tuple[Dim, Dim]], symbols: Sequence[Symbol]) -> list[dict[Symbol, int]]:
    points = (dict(zip(symbols, point, strict=True)) for point in itertools.product(range(8), repeat=len(symbols)))
    return [p for p in points if all(left.evaluate(p) == right.evaluate(p) for left, right in equations)]


@given(st.data())
def test_the_order_of_shapes_with_runs_changes_nothing(data: st.DataObject) -> None:
    runs = {name: data.draw(st.lists(st.integers(1, 3), max_size=3), name) for name in ("a", "b")}
    sizes = {name: data.draw(st.integers(1, 3), name) for name in ("H", "W")}

    def shape(words: list[str]) -> str:
        return " ".join(" ".join(map(str, runs[w])) if w in runs else str(sizes.get(w, w)) for w in words)

    word = st.sampled_from(["H", "W", "1", "2"])
    sides = st.builds(
        lambda head, run, tail: [*head, *run, *tail],
        st.lists(word, max_size=2),
        st.sampled_from([[], ["a"], ["b"]]),
        st.lists(word, max_size=2),
    )
    texts = []
    for words in data.draw(st.lists(sides, max_size=5)):
        left = " ".join(f"*{w}" if w in runs else w for w in words)
        texts.append(f"{left} = {shape(words)}")
    queries = ["*a", "*b", "H", "W"]

    def results(order: Sequence[str]) -> tuple[int, list[str]]:
        solver, conflicts = solve(*order)
        return len(conflicts), [str(solver.shape(parse_shape(query))) for query in queries]

    assert results(texts) == results(data.draw(st.permutations(texts)))
    assert results(texts)[0] == 0


# Size -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["A{0} = A{1}", "A{0} = A{1}+1", "*a{0} = *a{1}"])
def test_chains_of_thousands_are_solved_from_either_end(step: str) -> None:
    count = 5000
    chain = [step.format(i, i + 1) for i in range(count)]
    for order in (chain, chain[::-1]):
        start = time.process_time()
        solver, conflicts = solve(*order, step.split(" ")[0].format(count) + " = 7")
        assert conflicts == []
        shape = str(solver.shape(parse_shape(step.split(" ")[0].format(0))))
        assert shape == ("5007" if "+1" in step else "7")
        assert time.process_time() - start < 5


def test_sizes_that_square_themselves_stop_the_solver_at_once() -> None:
    solver = Solver()
    for i in range(4):
        assert solver.equate(parse_shape(f"N{i + 1}"), parse_shape(f"N{i}*N{i}")) == []
    with pytest.raises(SizeError, match=r"multiplies"):
        solver.equate(parse_shape("N5"), parse_shape("N4*N4"))
