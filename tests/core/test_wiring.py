"""Wiring: what each step calls and where each wire comes from; a fault is reported once, at its place."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import PositiveInt

from aetherist.core import Component, ComponentConfig
from aetherist.core.check import check
from aetherist.core.errors import Diagnostic
from aetherist.core.graph import Constant, InputRef, OutputRef
from aetherist.core.registry import Registry
from tests.core.checking import checked, graph, marked, places, serious
from tests.core.parts import registry


def one(report: Any) -> Diagnostic:
    [found] = serious(report)
    return found


# Sound graphs ---------------------------------------------------------------------------------------------------------


def test_steps_may_be_written_in_any_order() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      last: {call: add, with: {a: middle, b: first}}
      middle: {call: lin, with: {x: first}}
      first: {call: lin, with: {x: x}}
    outputs: {y: last}
""")
    assert places(report) == []
    assert list(report.graphs["g"].steps) == ["first", "middle", "last"]


def test_a_wire_comes_from_an_input_a_step_an_output_or_a_value() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      parts: {call: split, with: {x: x}}
      row:
        call: row
        with: {x: parts.left, mode: {value: minus}, times: 3, offset: null, label: {value: x}, negate: true}
    outputs: {row: row, right: parts.right, x: x}
""")
    assert places(report) == []
    made = report.graphs["g"]
    assert made.steps["row"].wires == {
        "x": OutputRef("parts", "left"),
        "mode": Constant("minus"),
        "times": Constant(3),
        "offset": Constant(None),
        "label": Constant("x"),
        "negate": Constant(True),
    }
    assert made.outputs == {"row": OutputRef("row"), "right": OutputRef("parts", "right"), "x": InputRef("x")}


def test_an_operation_is_called_behind_a_dot() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps: {back: {call: lin.transposed, with: {x: x}}}
    outputs: {y: back}
""")
    assert places(report) == []
    assert report.graphs["g"].steps["back"].calls == "lin.transposed"


def test_one_component_may_be_called_many_times_and_sizes_are_local_to_a_call() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      once: {call: double, with: {x: x}}
      twice: {call: double, with: {x: once}}
    outputs: {y: twice}
""")
    assert str(report.graphs["g"].steps["twice"].outputs["output"]) == 'Float["B 16"]'


def test_list_and_dict_ports_take_several_wires() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]", l: "Float[B]"}
    steps:
      a: {call: lin, with: {x: x}}
      sum: {call: stack, with: {parts: [x, a, a]}}
      loss: {call: total, with: {losses: {first: l, second: l}, weights: {value: {first: 2.0}}}}
    outputs: {sum: sum, loss: loss}
""")
    assert places(report) == []
    steps = report.graphs["g"].steps
    assert steps["sum"].wires["parts"] == (InputRef("x"), OutputRef("a"), OutputRef("a"))
    assert steps["loss"].wires["losses"] == {"first": InputRef("l"), "second": InputRef("l")}
    assert steps["loss"].wires["weights"] == Constant({"first": 2.0})


def test_a_list_inside_orders_steps_like_any_wire() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      sum: {call: stack, with: {parts: [late, x]}}
      late: {call: lin, with: {x: x}}
    outputs: {sum: sum}
""")
    assert list(report.graphs["g"].steps) == ["late", "sum"]


def test_a_graph_is_a_step_of_another_and_is_inlined_under_its_name() -> None:
    report = graph("""\
graphs:
  inner:
    inputs: {x: "Float[B N]", times: {type: int, default: 2}}
    steps: {s: {call: row, with: {x: x, times: times}}}
    outputs: {y: s}
  middle:
    inputs: {x: "Float[B N]"}
    steps: {deep: {call: inner, with: {x: x}}}
    outputs: {y: deep.y}
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      one: {call: middle, with: {x: x}}
      two: {call: inner, with: {x: one.y, times: 5}}
    outputs: {y: two.y}
""")
    assert places(report) == []
    made = report.graphs["g"]
    assert list(made.steps) == ["one.deep.s", "two.s"]
    assert made.steps["one.deep.s"].wires["times"] == Constant(2)
    assert made.steps["two.s"].wires == {"x": OutputRef("one.deep.s"), "times": Constant(5)}
    assert str(made.steps["two.s"].outputs["output"]) == 'Float["B 4"]'


def test_a_graph_may_hand_on_its_input_as_it_is() -> None:
    report = graph("""\
graphs:
  same:
    inputs: {x: "Float[B N]"}
    outputs: {x: x}
  g:
    inputs: {x: "Float[B 4]"}
    steps: {a: {call: same, with: {x: x}}, b: {call: same, with: {x: a.x}}}
    outputs: {y: b.x}
""")
    assert places(report) == []
    assert report.graphs["g"].outputs == {"y": InputRef("x")}


# Faults, each at its place --------------------------------------------------------------------------------------------

STEP = """\
graphs:
  g:
    inputs: {{x: "Float[B 4]", n: int}}
    steps:
      a: {{call: lin, with: {{x: x}}}}
      r: {{call: row, with: {{x: a, times: n}}}}
      s: {step}
    outputs: {{s: {out}, r: r}}
"""


@pytest.mark.parametrize(
    ("step", "out", "code", "message"),
    [
        ("{call: @lni, with: {x: a}}", "s", "AE207", "'lni' names no component and no graph"),
        ("{call: @lin.forwards, with: {x: a}}", "s", "AE207", "test.linear has no operation 'forwards'"),
        ("{call: @g.s, with: {x: a}}", "s", "AE207", "'g.s' names no component"),
        ("{call: lin, with: {x: @aa}}", "s", "AE208", "'aa' names no input and no step"),
        ("{call: lin, with: {x: @a.y}}", "s", "AE208", "'a' has one output and no name for it: write a"),
        ("{call: lin, with: {x: @x.y}}", "s", "AE208", "'x' has one output"),
        ("{call: lin, with: {x: @''}}", "s", "AE208", "'' names no input and no step"),
        ("{call: lin, with: {x: a}}", "@t", "AE208", "'t' names no input and no step"),
        ("{call: split, with: {x: a}}", "@s", "AE208", "'s' has several outputs; name one"),
        ("{call: split, with: {x: a}}", "@s.rigth", "AE208", "'s' has no output 'rigth'"),
        ("{call: lin, with: {x: a, @y: a}}", "s", "AE209", "test.linear has no input 'y'"),
        ("{call: add, with: {b: a}}", "s", "AE210", "the input 'a' of test.add is not wired"),
        ("{call: add, with: {b: x}}", "a", "AE210", "is not wired"),
        ("{call: lin, with: {x: s}}", "s", "AE211", "steps wait for each other: s -> s"),
        ("{call: row, with: {x: a, times: @1.5}}", "s", "AE215", "is 1.5, which is no int"),
        ("{call: row, with: {x: a, times: @true}}", "s", "AE215", "is True, which is no int"),
        ("{call: row, with: {x: a, mode: @{value: times}}}", "s", "AE215", "no 'plus' | 'minus'"),
        ("{call: row, with: {x: @3}}", "s", "AE215", "takes a tensor"),
        ("{call: row, with: {x: @null}}", "s", "AE215", "is null, and"),
        ("{call: row, with: {x: @[a]}}", "s", "AE215", "takes a tensor"),
        ("{call: stack, with: {parts: @a}}", "s", "AE206", "is no list"),
        ("{call: stack, with: {parts: @{x: a}}}", "s", "AE206", "takes a list of wires"),
        ("{call: total, with: {losses: @[a]}}", "s", "AE206", "takes a dict of wires"),
        ("{call: stack, with: {parts: [a, @[a]]}}", "s", "AE215", "takes a tensor"),
        ("{call: stack, with: {parts: [a, @b]}}", "s", "AE208", "'b' names no input"),
        ("{call: total, with: {losses: @{value: a}}}", "s", "AE215", "is 'a', which is no dict"),
    ],
)
def test_a_fault_of_a_step_is_one_diagnostic_at_its_place(step: str, out: str, code: str, message: str) -> None:
    text, at = marked(STEP.format(step=step, out=out))
    report = graph(text)
    assert [place for place in places(report) if place[0] != "AE301"] == [(code, at[0] if at else "7:7")]
    assert message in "".join(map(str, report.diagnostics))
    assert "g" not in report.graphs


def test_unknown_names_are_answered_with_near_ones() -> None:
    for step, near in [
        ("{call: lni, with: {x: a}}", "did you mean lin?"),
        ("{call: lin.transpose, with: {x: a}}", "did you mean transposed?"),
        ("{call: lin, with: {xx: a, x: a}}", "did you mean x?"),
    ]:
        found = [d for d in serious(graph(STEP.format(step=step, out="s"))) if d.code != "AE301"]
        assert [d.notes[0] for d in found] == [near]
    [found] = serious(graph(STEP.format(step="{call: split, with: {x: a}}", out="s")))
    assert found.notes == ("outputs: left, right",)


def test_what_is_not_wired_says_what_it_takes_and_how_to_wire_it() -> None:
    found = one(graph(STEP.format(step="{call: add, with: {a: a}}", out="s")))
    assert found.notes == ('it takes Float["B N"]',)
    assert found.fix == "add b: ... under with"


def test_a_text_that_was_meant_as_such_is_shown_how_to_be_written() -> None:
    found = one(graph(STEP.format(step="{call: row, with: {x: a, label: hello}}", out="s")))
    assert found.code == "AE208"
    assert "for the text itself write {value: hello}" in found.message


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("{x: @Flaot}", "AE214"),
        ("{x: {type: @Flaot}}", "AE214"),
        ('{x: @"Float[B (4]"}', "AE214"),
        ('{x: @"Float[*a *b]"}', "AE214"),
        ("{x: {type: int, default: @much}}", "AE215"),
        ("{x: {type: Code, default: @null}}", "AE215"),
        ("{x: {type: Code, default: @3}}", "AE215"),
        ("{@keep: int}", "AE115"),
        ("{@self: int}", "AE115"),
    ],
)
def test_a_fault_of_an_input_is_one_diagnostic_at_its_place(inputs: str, code: str) -> None:
    name = inputs.strip("{@").partition(":")[0]
    text, [at] = marked(f"graphs:\n  g:\n    inputs: {inputs}\n    outputs: {{x: {name}}}\n")
    assert places(graph(text)) == [(code, at)]


def test_a_default_of_null_asks_for_a_type_that_takes_it() -> None:
    text = 'graphs:\n  g:\n    inputs: {x: {type: "Code | None", default: null}}\n    outputs: {x: x}\n'
    assert places(graph(text)) == []


def test_a_name_used_twice_is_reported_where_it_is_used_again() -> None:
    report = graph("""\
graphs:
  lin:
    outputs: {}
  g:
    inputs: {a: "Float[B 4]"}
    steps: {a: {call: row, with: {x: a}}}
    outputs: {y: a}
""")
    assert [p for p in places(report) if p[0] != "AE301"] == [("AE213", "2:3"), ("AE213", "6:13")]


def test_steps_that_wait_for_each_other_are_one_fault_that_shows_the_way_round() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      c: {call: add, with: {a: b, b: x}}
      a: {call: lin, with: {x: c}}
      b: {call: lin, with: {x: a}}
      after: {call: lin, with: {x: c}}
      fine: {call: lin, with: {x: x}}
    outputs: {y: after, z: fine}
""")
    found = one(report)
    assert (found.code, str(found.where)) == ("AE211", "r.yaml:5:7")
    assert found.message == "steps wait for each other: c -> a -> b -> c"


@pytest.mark.parametrize(
    ("bodies", "at", "way"),
    [
        ({"a": "a"}, "3:23", "a -> a"),
        ({"a": "b", "b": "a"}, "6:23", "a -> b -> a"),
        ({"top": "a", "a": "b", "b": "c", "c": "a"}, "12:23", "a -> b -> c -> a"),
    ],
)
def test_a_graph_that_calls_itself_is_one_fault_whoever_calls_it(bodies: dict[str, str], at: str, way: str) -> None:
    text = "graphs:\n" + "".join(
        f"  {name}:\n    steps: {{s: {{call: {called}}}}}\n    outputs: {{}}\n" for name, called in bodies.items()
    )
    found = [d for d in serious(checked(text)) if d.code != "AE301"]
    assert [(d.code, str(d.where), d.message.partition(": ")[2]) for d in found] == [("AE212", f"r.yaml:{at}", way)]


# Config and components ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "code", "message"),
    [
        ("{type: @test.liner}", "AE201", "did you mean test.linear"),
        ("{type: test.linear, @width_inn: 3}", "AE202", "'width_inn' is no setting"),
        ("{type: test.linear, width_in: @0}", "AE202", "greater than 0"),
        ("{type: test.linear, width_in: @wide}", "AE202", "width_in: Input should be a valid integer"),
        ("{type: test.paint, resolution: @12}", "AE202", "12 is not a power of two"),
        ("{type: test.wrap, inner: {type: @test.liner}}", "AE201", "did you mean test.linear"),
        ("{type: test.wrap, inner: {type: test.linear, width_in: @-1}}", "AE202", "inner.width_in"),
        ("{type: test.wrap, inner: {type: test.linear, @widht_in: 1}}", "AE202", "'widht_in' is no setting"),
        ("{type: test.wrap, inner: @test.linear}", "AE202", "a nested component is a mapping"),
    ],
)
def test_a_fault_of_a_component_stands_at_its_field(component: str, code: str, message: str) -> None:
    text, [at] = marked(f"components:\n  c: {component}\n")
    report = checked(text)
    assert places(report) == [(code, at)]
    assert message in str(one(report))


def test_a_component_at_fault_is_not_reported_again_by_what_calls_it() -> None:
    report = checked("""\
components:
  c: {type: test.linear, width_in: 0}
  d: {size: 3}
  e: {type: test.unheard}
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      c: {call: c, with: {x: x, nothing: y}}
      d: {call: d, with: {x: c}}
      e: {call: e, with: {x: d.more}}
    outputs: {y: e, z: c}
""")
    assert places(report) == [("AE202", "2:36"), ("AE106", "3:3"), ("AE201", "4:13")]


class _Odd(Component):
    class Config(ComponentConfig):
        size: PositiveInt = 2

        @property
        def root(self) -> int:
            if self.size % 2:
                raise ValueError(f"{self.size} is odd")
            return self.size // 2

    def forward(self, x: int) -> int:
        return x


def test_a_config_property_that_fails_is_a_fault_of_the_settings() -> None:
    from jaxtyping import Float
    from torch import Tensor

    class Odd(_Odd):
        def forward(self, x: Float[Tensor, "B root"]) -> Float[Tensor, "B 3*size"]: ...

    Odd.forward.__annotations__ = {"x": Float[Tensor, "B root"], "return": Float[Tensor, "B 3*size"]}
    own = Registry()
    own.add("test.odd", Odd)
    for size, message in [(3, "ValueError: 3 is odd"), (2**62, "SizeError")]:
        data = {"components": {"c": {"type": "test.odd", "size": size}}}
        [found] = check(data, registry=own).diagnostics
        assert (found.code, found.path) == ("AE202", "components.c")
        assert message in found.message


# One fault, one diagnostic --------------------------------------------------------------------------------------------


def test_several_faults_are_all_reported_sorted_by_place() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B 4]", y: Nothing}
    steps:
      a: {call: none, with: {x: x}}
      b: {call: lin, with: {x: x, z: x}}
      c: {call: lin}
      d: {call: lin, with: {x: nowhere}}
      e: {call: lin, with: {x: a}}
    outputs: {a: a, b: b.c, c: c, d: d, e: e, y: y}
""")
    assert places(report) == [
        ("AE214", "3:34"),
        ("AE207", "5:17"),
        ("AE209", "6:35"),
        ("AE210", "7:7"),
        ("AE208", "8:32"),
        ("AE208", "10:24"),
    ]


INNER = """\
graphs:
  inner:
    inputs: {{x: {input}, n: {{type: int, default: 1}}}}
    steps:
      a: {step}
      b: {{call: lin, with: {{x: a}}}}
    outputs: {{y: {output}, z: a}}
  g:
    inputs: {{x: "Float[B 4]"}}
    steps:
      one: {{call: inner, with: {{x: x}}}}
      two: {{call: inner, with: {{x: one.y}}}}
      three: {{call: lin, with: {{x: two.z}}}}
    outputs: {{y: three}}
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"step": "{call: none, with: {x: x}}"}, ("AE207", "5:17")),
        ({"step": "{call: lin, with: {x: none}}"}, ("AE208", "5:32")),
        ({"step": "{call: lin, with: {x: a}}"}, ("AE211", "5:7")),
        ({"step": "{call: lin}"}, ("AE210", "5:7")),
        ({"step": "{cal: lin}"}, ("AE105", "5:11")),
        ({"step": "{call: lin, with: {x-y: x}}"}, ("AE115", "5:29")),
        ({"output": "none"}, ("AE208", "7:18")),
        ({"output": "{frm: a, from: a}"}, ("AE105", "7:19")),
        ({"output": "[a]"}, ("AE107", "7:18")),
        ({"input": "Nothing"}, ("AE214", "3:17")),
        ({"input": "3"}, ("AE107", "3:17")),
    ],
)
def test_a_fault_inside_a_nested_graph_is_reported_once(parts: dict[str, str], expected: tuple[str, str]) -> None:
    whole = {"input": '"Float[B N]"', "step": "{call: lin, with: {x: x}}", "output": "b"} | parts
    report = graph(INNER.format(**whole))
    faults = [p for p in places(report) if p[0] not in ("AE106", "AE301", "AE303")]
    assert faults == [expected]


def test_a_graph_that_was_dropped_is_not_missed_by_its_callers() -> None:
    report = graph("""\
graphs:
  inner: 5
  g:
    inputs: {x: "Float[B 4]"}
    steps: {s: {call: inner, with: {x: x}}}
    outputs: {y: s.y}
""")
    assert places(report) == [("AE107", "2:10")]


# Limits ---------------------------------------------------------------------------------------------------------------


def nested(levels: int, calls: int) -> dict[str, Any]:
    """Graphs that call the next one several times; the last hands on its input."""
    graphs: dict[str, Any] = {}
    for level in range(levels):
        steps = {f"s{i}": {"call": f"g{level + 1}", "with": {"x": f"s{i - 1}.x" if i else "x"}} for i in range(calls)}
        graphs[f"g{level}"] = {"inputs": {"x": "Float[B 2]"}, "steps": steps, "outputs": {"x": f"s{calls - 1}.x"}}
    graphs[f"g{levels}"] = {"inputs": {"x": "Float[B 2]"}, "outputs": {"x": "x"}}
    return {"graphs": graphs}


def test_graphs_nest_to_a_limit_and_no_further() -> None:
    assert check(nested(20, 1), registry=registry).ok
    for levels in (40, 1000):
        [found] = [d for d in check(nested(levels, 1), registry=registry).diagnostics if d.code != "AE303"]
        assert found.code == "AE103"
        assert "nest deeper" in found.message


def test_a_bomb_of_nested_graphs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aetherist.core.wiring.MAX_STEPS", 3000)
    start = time.process_time()
    found = check(nested(25, 3), registry=registry).diagnostics
    assert [d.code for d in found] == ["AE103"]
    assert "expand to more than 3,000 steps" in found[0].message
    assert time.process_time() - start < 5


def test_thousands_of_unknown_names_are_reported_in_reasonable_time() -> None:
    count = 1500
    steps = {f"step{i}": {"call": "lin", "with": {"x": f"stpe{i}"}} for i in range(count)}
    recipe = {
        "components": {"lin": {"type": "test.linear"}},
        "graphs": {"g": {"steps": steps, "outputs": {"y": "step0"}}},
    }
    start = time.process_time()
    found = check(recipe, registry=registry).diagnostics
    assert sum(d.code == "AE208" for d in found) == count
    assert time.process_time() - start < 10
