"""YAML in: values with positions, scalars of YAML 1.2, deep merges, and limits."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from aetherist.base.document import MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, merged, parse, scalar
from aetherist.core.errors import Diagnostic, Position, RecipeError


def fault(text: str) -> Diagnostic:
    with pytest.raises(RecipeError) as caught:
        parse(text, "f.yaml")
    [diagnostic] = caught.value.diagnostics
    return diagnostic


def at(diagnostic: Diagnostic) -> tuple[str, int, int]:
    assert diagnostic.where is not None
    return diagnostic.code, diagnostic.where.line, diagnostic.where.column


# Positions ------------------------------------------------------------------------------------------------------------


def test_every_value_and_every_key_knows_where_it_was_written() -> None:
    root = parse("a: 1\nb:\n  c: [x, {d: 2}]\n", "f.yaml")
    places = {path: (node.where.line, node.where.column) for path, node in root.walk()}
    assert places == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", "c"): (3, 6),
        ("b", "c", 0): (3, 7),
        ("b", "c", 1): (3, 10),
        ("b", "c", 1, "d"): (3, 14),
    }
    assert root.position(("b", "c", 1, "d"), of_key=True) == Position("f.yaml", 3, 11)


def test_what_is_missing_stands_where_the_nearest_thing_around_it_does() -> None:
    root = parse("a:\n  b: {c: 1}\n", "f.yaml")
    assert root.position(("a", "b", "nothing", "at", "all")) == Position("f.yaml", 2, 6)
    assert root.position(("nothing",)) == Position("f.yaml", 1, 1)


def test_an_alias_stands_where_its_anchor_was_written_and_its_key_where_it_is_used() -> None:
    root = parse("a: &x {b: 1}\nc: *x\n", "f.yaml")
    node = root.find(("c",))
    assert node is not None
    assert (node.where.line, node.key) == (1, Position("f.yaml", 2, 1))
    assert root.position(("c", "b")) == Position("f.yaml", 1, 11)


def test_columns_count_characters_and_a_byte_order_mark_is_none() -> None:
    root = parse("\ufeff\u00e9\u00e8: {b: 1}\n", "f.yaml")
    assert root.position(("\u00e9\u00e8", "b")) == Position("f.yaml", 1, 9)


def test_an_empty_document_is_null() -> None:
    assert parse("", "f").plain() is None
    assert parse("# nothing\n", "f").plain() is None


# Scalars --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("-2.5E+3", -2500.0),
        ("010", 10),
        ("-0", 0),
        ("+7", 7),
        ("0o17", 15),
        ("0x40", 64),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("~", None),
        ("null", None),
        ("", None),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("1e", "1e"),
        ("e3", "e3"),
        (".", "."),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("tRue", "tRue"),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 5000, "0x" + "f" * 5000),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(written: str, value: Any) -> None:
    assert scalar(written) == value
    assert type(scalar(written)) is type(value)


def test_not_a_number_is_read_in_each_spelling() -> None:
    assert all(math.isnan(scalar(text)) for text in (".nan", ".NaN", ".NAN"))


@pytest.mark.parametrize("quoted", ["'1e-3'", '"true"', "'null'", "!!str 010", "! 010", "|\n  64"])
def test_what_is_quoted_is_text(quoted: str) -> None:
    value = parse(f"a: {quoted}\n", "f").plain()["a"]
    assert isinstance(value, str)


def test_keys_are_text_however_they_look() -> None:
    assert list(parse("1: a\ntrue: b\n~: c\n1.5: d\n", "f").plain()) == ["1", "true", "null", "1.5"]


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=4), trees, max_size=4))
def test_whatever_json_can_say_is_read_as_json_reads_it(data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    assume(not re.search("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]", text))
    assert parse(text, "f").plain() == json.loads(text)


# Merging --------------------------------------------------------------------------------------------------------------


def test_a_merge_key_merges_deeply() -> None:
    text = """
base: &base
  model: {latent_dim: 512, triplane_dim: 256, triplane_res: 64}
  training:
    batch_size: 8
    learning_rate: 0.0002
development:
  <<: *base
  training:
    batch_size: 2
    log_interval: 10
production:
  <<: *base
  training:
    batch_size: 16
    mixed_precision: true
"""
    root = parse(text, "f")
    data = root.plain()
    assert data["development"]["training"] == {"batch_size": 2, "learning_rate": 0.0002, "log_interval": 10}
    assert data["production"]["training"] == {"batch_size": 16, "learning_rate": 0.0002, "mixed_precision": True}
    assert data["development"]["model"] == data["base"]["model"]
    assert data["base"]["training"] == {"batch_size": 8, "learning_rate": 0.0002}, "the base itself stays as it was"
    assert root.position(("development", "training", "learning_rate")).line == 6
    assert root.position(("development", "training", "batch_size")).line == 10


def test_a_merge_key_may_stand_anywhere_in_its_map() -> None:
    for order in ("{<<: *a, x: 2}", "{x: 2, <<: *a}"):
        assert parse(f"a: &a {{x: 1, y: 1}}\nb: {order}\n", "f").plain()["b"] == {"x": 2, "y": 1}


def test_of_several_maps_to_merge_the_earlier_go_before_the_later() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\n"
    assert parse(text, "f").plain()["c"] == {"x": 1, "y": 1, "z": 3}
    assert yaml.safe_load(text)["c"] == parse(text, "f").plain()["c"]


def test_merges_chain() -> None:
    text = "a: &a {x: {p: 1}}\nb: &b {<<: *a, x: {q: 2}}\nc: {<<: *b, x: {r: 3}}\n"
    assert parse(text, "f").plain()["c"] == {"x": {"p": 1, "q": 2, "r": 3}}


def test_lists_and_scalars_replace() -> None:
    base, over = parse("{l: [1, 2], s: 1, m: {a: 1}}", "base"), parse("{l: [3], s: 2, m: 5}", "over")
    assert merged(base, over).plain() == {"l": [3], "s": 2, "m": 5}


def test_a_map_whose_type_changes_starts_afresh() -> None:
    base = parse("{type: a, size: 1, deep: {x: 1}}", "base")
    assert merged(base, parse("{type: b, deep: {y: 2}}", "over")).plain() == {"type": "b", "deep": {"y": 2}}
    assert merged(base, parse("{type: a, deep: {y: 2}}", "over")).plain() == {
        "type": "a",
        "size": 1,
        "deep": {"x": 1, "y": 2},
    }


@given(trees, trees, trees)
def test_merging_is_associative_and_idempotent(a: Any, b: Any, c: Any) -> None:
    one, two, three = (Node.of(tree, Position("f")) for tree in (a, b, c))
    assert merged(one, one).plain() == one.plain()
    if all(isinstance(tree, dict) for tree in (a, b, c)):
        assert merged(merged(one, two), three).plain() == merged(one, merged(two, three)).plain()


def test_merging_leaves_both_sides_as_they_were() -> None:
    base, over = parse("{a: {b: 1}}", "base"), parse("{a: {c: 2}}", "over")
    merged(base, over)
    assert (base.plain(), over.plain()) == ({"a": {"b": 1}}, {"a": {"c": 2}})


# Faults ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2\nb: 3\n", ("AE102", 2, 2)),
        ("a: 'b\n", ("AE102", 2, 1)),
        ("a: b: c\n", ("AE102", 1, 5)),
        ("\ta: 1\n", ("AE102", 1, 1)),
        ("a: *nowhere\n", ("AE102", 1, 4)),
        ("a: &x [*x]\n", ("AE102", 1, 8)),
        ("a: !!python/object:os.system x\n", ("AE102", 1, 4)),
        ("a: !!int '3'\n", ("AE102", 1, 4)),
        ("a: !!set {b}\n", ("AE102", 1, 4)),
        ("{a: 1}\n---\n{b: 2}\n", ("AE102", 2, 1)),
        ("? [a]\n: 1\n", ("AE102", 1, 3)),
        ("a: {<<: 3}\n", ("AE102", 1, 9)),
        ("a: {<<: [{}, 3]}\n", ("AE102", 1, 9)),
        ("a: \x00\n", ("AE102", 1, 1)),
        ("a: b\nc: \ud800\n", ("AE102", 2, 4)),
        ("a: 1\nb: 2\na: 3\n", ("AE104", 3, 1)),
        ("{1: a, '1': b}\n", ("AE104", 1, 8)),
    ],
)
def test_a_fault_stands_where_it_is(text: str, expected: tuple[str, int, int]) -> None:
    assert at(fault(text)) == expected


def test_a_key_written_twice_names_the_first_place() -> None:
    assert fault("a: 1\na: 2\n").notes == ("first at f.yaml:1:1",)


# Limits ---------------------------------------------------------------------------------------------------------------


def test_nesting_is_bounded_in_every_notation() -> None:
    deep = MAX_DEPTH + 1
    block = "\n".join("  " * level + "a:" for level in range(deep)) + " 1"
    for text in ("[" * deep + "]" * deep, "{a: " * deep + "1" + "}" * deep, block, "[" * 100_000):
        assert fault(text).code == "AE103"
    fits = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse(fits, "f").plain() is not None


def test_aliases_cannot_nest_deeper_than_what_is_written_may() -> None:
    half = MAX_DEPTH // 2 + 1
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}\n"
    assert fault(text).code == "AE103"


@pytest.mark.parametrize(
    "line",
    ["a{0}: &a{0} [{1}, {1}]", "a{0}: &a{0} {{x: {1}, y: {1}}}", "a{0}: &a{0} {{<<: {{x: {1}}}, y: {1}}}"],
    ids=["lists", "maps", "merges"],
)
def test_a_bomb_of_aliases_is_refused_before_it_grows(line: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [line.format(level, f"*a{level - 1}") for level in range(1, 30)]
    start = time.process_time()
    with pytest.raises(RecipeError, match=r"AE103"):
        parse("\n".join(lines), "f")
    assert time.process_time() - start < 10


def test_a_document_of_too_many_bytes_is_refused_unread() -> None:
    start = time.process_time()
    assert fault("a: " + "x" * MAX_BYTES).code == "AE103"
    assert fault("\u00e9" * (MAX_BYTES // 2 + 1)).code == "AE103"
    assert time.process_time() - start < 10


def test_a_document_of_too_many_values_is_refused() -> None:
    assert fault("[" + "1," * (MAX_NODES + 1) + "]").code == "AE103"


def test_python_data_that_nest_without_end_are_refused() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    with pytest.raises(RecipeError, match=r"AE103"):
        Node.of(loop, Position("f"))


@given(st.text("ab: {}[]&*<>?|-\n\"'!#,x1", max_size=40))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    try:
        places = [node.where for _, node in parse(text, "f").walk()]
    except RecipeError as error:
        places = [diagnostic.where or Position("", 0) for diagnostic in error.diagnostics]
    assert all(where.line >= 1 and where.column >= 1 for where in places)
