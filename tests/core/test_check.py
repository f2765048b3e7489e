"""The check: every diagnostic at once, sorted, with what a reader and an editor need; and fast."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aetherist.core.check import check
from aetherist.core.errors import Diagnostic, Position, RecipeError, Severity, Side, did_you_mean
from aetherist.core.recipe import Recipe
from tests.core.checking import checked, graph, places, serious
from tests.core.parts import registry

BROKEN = """\
components:
  enc: {type: test.encode, dmi: 3}
  lin: {type: test.linear, width_in: 8}
  idle: {type: test.add}
graphs:
  g:
    inputs: {x: "Float[B 4]", unread: int}
    steps:
      a: {call: lin, with: {x: x}}
      dead: {call: lin, with: {x: nowhere}}
      b: {call: enc, with: {code: a}}
    outputs: {a: a, b: b}
"""


def test_everything_that_is_wrong_is_found_at_once_and_sorted_by_place() -> None:
    report = checked(BROKEN)
    found = [(d.code, str(d.where)) for d in report.diagnostics]
    assert found == [
        ("AE202", "r.yaml:2:28"),
        ("AE302", "r.yaml:4:3"),
        ("AE204", "r.yaml:9:32"),
        ("AE208", "r.yaml:10:35"),
    ]
    assert not report.ok
    assert report.graphs == {}


def test_sound_graphs_are_kept_beside_broken_ones() -> None:
    report = graph("""\
graphs:
  good:
    inputs: {x: "Float[B 4]"}
    steps: {a: {call: lin, with: {x: x}}}
    outputs: {a: a}
  bad:
    steps: {a: {call: lin}}
    outputs: {a: a}
""")
    assert set(report.graphs) == {"good"}
    assert [code for code, _ in places(report)] == ["AE210"]


def test_errors_are_raised_on_request_and_warnings_are_not() -> None:
    with pytest.raises(RecipeError) as caught:
        checked(BROKEN).raise_for_errors()
    assert [d.code for d in caught.value.diagnostics] == ["AE202", "AE204", "AE208"]
    warned = checked("components: {idle: {type: test.add}}\n")
    assert [d.code for d in warned.diagnostics] == ["AE302"]
    assert warned.ok
    warned.raise_for_errors()


def test_a_check_takes_a_recipe_a_source_or_data_and_its_options() -> None:
    data = {"components": {"c": {"type": "test.linear"}}, "profiles": {"p": {"components": {"c": {"width_in": 0}}}}}
    assert check(data, registry=registry).ok
    assert check(Recipe.read(data), registry=registry).ok
    assert not check(data, registry=registry, profile="p").ok
    [found, *_] = check(data, registry=registry, overrides=["components.c.width_in=-1"]).diagnostics
    assert str(found.where) == "-o components.c.width_in=-1"
    with pytest.raises(RecipeError, match=r"AE101"):
        check("/nowhere/at/all.yaml")


# Warnings -------------------------------------------------------------------------------------------------------------


def test_what_no_output_depends_on_is_a_warning_at_its_name() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]", spare: int, feed: "Float[B 4]"}
    steps:
      used: {call: lin, with: {x: x}}
      dead: {call: lin, with: {x: feeds}}
      feeds: {call: lin, with: {x: feed}}
    outputs: {y: used}
""")
    assert places(report) == [("AE303", "3:31"), ("AE301", "6:7"), ("AE301", "7:7")]
    assert {d.severity for d in serious(report)} == {Severity.WARNING}
    assert report.ok
    assert set(report.graphs) == {"g"}


def test_a_graph_without_outputs_is_a_warning() -> None:
    report = graph('graphs:\n  g:\n    inputs: {x: "Float[B 4]"}\n    steps: {a: {call: lin, with: {x: x}}}\n')
    assert places(report) == [("AE301", "2:3")]


def test_a_nested_call_counts_as_used_by_what_is_used_of_it() -> None:
    report = graph("""\
graphs:
  two:
    inputs: {x: "Float[B 4]"}
    steps: {a: {call: lin, with: {x: x}}, b: {call: lin, with: {x: x}}}
    outputs: {a: a, b: b}
  g:
    inputs: {x: "Float[B 4]"}
    steps: {used: {call: two, with: {x: x}}, dead: {call: two, with: {x: x}}}
    outputs: {y: used.a}
""")
    assert places(report) == [("AE301", "8:46")]


def test_a_component_that_no_step_calls_is_a_warning() -> None:
    report = checked("components:\n  a: {type: test.add}\n  b: {type: test.linear}\n")
    assert [(d.code, str(d.where)) for d in report.diagnostics] == [("AE302", "r.yaml:2:3"), ("AE302", "r.yaml:3:3")]


def test_a_recipe_at_fault_is_not_warned_of_what_may_follow_from_it() -> None:
    report = checked("""\
components: {a: {type: test.add}}
graphs:
  g:
    inputs: {x: int}
    steps: {s: {cal: a}}
    outputs: {x: x}
""")
    assert {d.severity for d in report.diagnostics} == {Severity.ERROR}


# Diagnostics ----------------------------------------------------------------------------------------------------------


def test_a_diagnostic_reads_as_the_place_the_fault_both_sides_the_reason_and_the_fix() -> None:
    text = BROKEN.replace(", dmi: 3", "")
    found = next(d for d in checked(text).diagnostics if d.code == "AE204")
    assert str(found) == (
        "r.yaml:9:32  AE204  shapes do not agree\n"
        '  a.x  expects "B 8" (width_in = 8, r.yaml:3:38)\n'
        '  g.x  gives "B 4"\n'
        "  axis 1: 8 is not 4\n"
        "  fix: set components.lin.width_in to 4"
    )


def test_a_diagnostic_is_data_for_an_editor() -> None:
    text = BROKEN.replace(", dmi: 3", "")
    found = next(d for d in checked(text).diagnostics if d.code == "AE204")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["code"] == "AE204"
    assert data["severity"] == "error"
    assert data["where"] == {"file": "r.yaml", "line": 9, "column": 32}
    assert data["path"] == "graphs.g.steps.a.with.x"
    assert [side["label"] for side in data["sides"]] == ["a.x", "g.x"]
    assert data["fix"] == "set components.lin.width_in to 4"


def test_every_diagnostic_has_a_place_and_a_path() -> None:
    for found in checked(BROKEN).diagnostics:
        assert found.where is not None
        assert found.path
        assert found.code.startswith("AE")


def test_diagnostics_sort_by_file_line_column_and_code() -> None:
    def at(line: int, column: int, code: str) -> Diagnostic:
        return Diagnostic(code, "m", where=Position("f", line, column))

    shuffled = [at(2, 1, "B"), at(1, 9, "B"), at(1, 9, "A"), Diagnostic("Z", "m"), at(1, 2, "C")]
    ordered = sorted(shuffled, key=Diagnostic.sort_key)
    assert [(d.code, str(d.where)) for d in ordered] == [
        ("Z", "None"), ("C", "f:1:2"), ("A", "f:1:9"), ("B", "f:1:9"), ("B", "f:2:1")
    ]  # fmt: skip


def test_a_whole_file_or_override_has_no_line() -> None:
    assert str(Position("-o a=b", 0)) == "-o a=b"
    assert str(Side("label", "text", Position("f", 1, 2)).where) == "f:1:2"


def test_names_are_offered_when_they_are_near_or_few() -> None:
    assert did_you_mean("resolutoin", ["resolution", "radius"]) == "did you mean resolution?"
    assert did_you_mean("x", ["alpha", "beta"]) == "known: alpha, beta"
    assert did_you_mean("x", []) == "there are none"
    assert did_you_mean("x", [f"name{i:02}" for i in range(20)]).endswith("name11, ...")


# Scale ----------------------------------------------------------------------------------------------------------------


def chain(steps: int) -> dict[str, Any]:
    wires = {f"s{i}": {"call": "c", "with": {"x": f"s{i - 1}" if i else "x"}} for i in range(steps)}
    return {
        "components": {"c": {"type": "test.linear"}},
        "graphs": {"g": {"inputs": {"x": "Float[B 4]"}, "steps": wires, "outputs": {"y": f"s{steps - 1}"}}},
    }


def test_ten_thousand_steps_and_a_chain_of_unknown_sizes_do_not_recurse() -> None:
    assert check(chain(10_000), registry=registry).ok
    steps: dict[str, Any] = {}
    for i in range(700):
        steps[f"n{i}"] = {"call": "noise", "with": {"seeds": "s"}}
        steps[f"a{i}"] = {"call": "add", "with": {"a": f"a{i - 1}" if i else "n0", "b": f"n{i}"}}
    report = check(
        {
            "components": {"noise": {"type": "test.noise"}, "add": {"type": "test.add"}},
            "graphs": {"g": {"inputs": {"s": "Seeds"}, "steps": steps, "outputs": {"y": "a699"}}},
        },
        registry=registry,
    )
    assert report.ok


def test_a_recipe_from_outside_cannot_name_a_file_in_a_component() -> None:
    recipe = {"components": {"net": {"type": "embedding.mobileface", "weights": "../secret.safetensors"}}}
    refused = [d.message for d in check(recipe, trusted=False).diagnostics if d.code == "AE202"]
    assert refused == ["weights: a recipe from outside cannot name files"]
    assert not [d for d in check(recipe).diagnostics if d.code == "AE202"]
