"""Agreement: both ends of a wire are of one kind, dtype, meaning and shape, or a fault says who disagrees and why."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from jaxtyping import Float
from torch import Tensor

from aetherist.core import Component, NamedPort
from aetherist.core.check import Report, check
from aetherist.core.errors import Diagnostic, Severity
from aetherist.core.registry import Registry
from tests.core.checking import checked, graph, marked, places, serious


def one(report: Report) -> Diagnostic:
    [found] = serious(report)
    return found


def wired(inputs: str, step: str, outputs: str = "{s: s}") -> tuple[Report, list[str]]:
    """Check a graph of a step ``s`` behind a step ``a`` that gives ``Float["B 4"]``; marks count from the graph."""
    text, at = marked(
        f"graphs:\n  g:\n    inputs: {inputs}\n    steps:\n"
        "      s: %s\n      a: {call: lin, with: {x: x0}}\n    outputs: %s\n" % (step, outputs)
    )
    return graph(text.replace("inputs: {", 'inputs: {x0: "Float[B 4]", ')), at


def solved(report: Report, step: str = "s", output: str = "output") -> str:
    assert serious(report) == []
    return str(report.graphs["g"].steps[step].outputs[output])


# Kinds and dtypes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "step"),
    [
        ("{n: int}", "{call: lin, with: {x: @n}}"),
        ('{n: "Float[B]"}', "{call: row, with: {x: a, times: @n}}"),
        ("{n: float}", "{call: row, with: {x: a, times: @n}}"),
        ("{n: str}", "{call: row, with: {x: a, mode: @n}}"),
        ("{n: bool}", "{call: row, with: {x: a, times: @n}}"),
        ('{n: "int | None"}', "{call: row, with: {x: a, times: @n}}"),
        ('{n: "Float[B 4] | None"}', "{call: lin, with: {x: @n}}"),
        ("{n: int}", "{call: stack, with: {parts: [a, @n]}}"),
    ],
)
def test_kinds_that_differ_are_a_fault_of_the_wire(inputs: str, step: str) -> None:
    report, [at] = wired(inputs, step)
    line, column = at.split(":")
    assert [d for d in places(report) if d[0] not in ("AE301", "AE303")] == [("AE206", f"{line}:{column}")]


def test_a_null_where_none_is_taken_says_so() -> None:
    report, _ = wired('{n: "Float[B 4] | None"}', "{call: lin, with: {x: n}}")
    found = next(d for d in serious(report) if d.code == "AE206")
    assert found.notes == ("the value may be null, and the port takes none",)
    assert [side.label for side in found.sides] == ["s.x", "g.n"]


@pytest.mark.parametrize(
    ("inputs", "step"),
    [
        ("{n: int}", "{call: enc, with: {code: c, gain: n}}"),
        ('{n: "Float[B 4] | None"}', "{call: row, with: {x: a, offset: n}}"),
        ('{n: "Float[B 4]"}', "{call: row, with: {x: a, offset: n}}"),
        ("{n: str}", "{call: row, with: {x: a, label: n}}"),
    ],
)
def test_a_wider_port_takes_a_narrower_value(inputs: str, step: str) -> None:
    report, _ = wired(inputs.replace("{", "{c: Code, "), step, outputs="{s: s, a: a, c: c}")
    assert places(report) == []


def test_dtypes_that_differ_are_a_fault_that_shows_both() -> None:
    report, [at] = wired('{n: "Int[B 4]"}', "{call: lin, with: {x: @n}}", "{s: s, a: a}")
    found = one(report)
    assert (found.code, places(report)[0][1]) == ("AE205", at)
    assert [side.text for side in found.sides] == [
        'expects Float["B 4"], with no meaning',
        'gives Int["B 4"], with no meaning',
    ]


def test_any_dtype_does_not_fit_where_one_is_asked_for() -> None:
    report, _ = wired('{n: "Shaped[B 4]"}', "{call: lin, with: {x: n}}", "{s: s, a: a}")
    assert one(report).code == "AE205"


# Meanings -------------------------------------------------------------------------------------------------------------


def test_a_general_meaning_takes_a_particular_one_and_none_takes_all() -> None:
    for picture in ("Signed", "Unit", "Picture"):
        for step in ("{call: show, with: {picture: p}}", "{call: passing, with: {x: p}}"):
            report, _ = wired(f'{{p: "{picture}[B 3 8 8]"}}', step, "{s: s, a: a}")
            assert places(report) == []


@pytest.mark.parametrize(
    ("given", "step"),
    [
        ("Signed[B 3 8 8]", "{call: prints, with: {picture: @p}}"),
        ("Picture[B 3 8 8]", "{call: prints, with: {picture: @p}}"),
        ("Float[B 3 8 8]", "{call: show, with: {picture: @p}}"),
        ("Code[B 4]", "{call: mix, with: {a: x0, b: @p}}"),
    ],
)
def test_meanings_that_differ_are_a_fault_even_where_shapes_agree(given: str, step: str) -> None:
    report, [at] = wired(f'{{p: "{given}"}}', step, "{s: s, a: a}")
    assert places(report) == [("AE203", at)]


def test_a_meaning_is_a_prefix_by_words_and_not_by_letters() -> None:
    own = Registry()
    own.add_type(NamedPort("Imagery", Float, "B", meaning="imagery"))
    image = NamedPort("Image", Float, "B", meaning="image")

    class Take(Component):
        def forward(self, x: Any) -> Float[Tensor, "B"]: ...

    Take.forward.__annotations__ = {"x": image["B"], "return": Float[Tensor, "B"]}
    own.add("test.take", Take)
    report = check(
        {
            "components": {"take": {"type": "test.take"}},
            "graphs": {
                "g": {
                    "inputs": {"x": "Imagery"},
                    "steps": {"s": {"call": "take", "with": {"x": "x"}}},
                    "outputs": {"s": "s"},
                }
            },
        },
        registry=own,
    )
    assert [d.code for d in report.diagnostics] == ["AE203"]


def test_both_sides_of_a_meaning_are_shown_and_a_converter_is_offered() -> None:
    report, _ = wired('{p: "Signed[B 3 8 8]"}', "{call: prints, with: {picture: p}}", "{s: s, a: a}")
    found = one(report)
    assert [(side.label, side.text) for side in found.sides] == [
        ("s.picture", 'expects Unit["B 3 H W"], meaning image.unit'),
        ("g.p", 'gives Signed["B 3 8 8"], meaning image.signed'),
    ]
    assert found.fix == "put a step between them that calls test.tounit"


def test_a_meaning_variable_hands_on_what_it_gets() -> None:
    text = """\
graphs:
  g:
    inputs: {p: "Signed[B 3 8 8]", u: "Unit[B 3 8 8]", f: "Float[B 3 8 8]"}
    steps:
      kept: {call: keep, with: {x: p}}
      again: {call: keep, with: {x: kept}}
      mixed: {call: mix, with: {a: again, b: p}}
      shown: {call: show, with: {picture: mixed}}
      unit: {call: keep, with: {x: u}}
      plain: {call: mix, with: {a: f, b: f}}
    outputs: {shown: shown, unit: unit, plain: plain, kept: {from: kept, type: "Signed[B 3 8 8]"}}
"""
    report = graph(text)
    assert places(report) == []
    steps = report.graphs["g"].steps
    meanings = {name: step.outputs["output"].meaning for name, step in steps.items() if name != "shown"}
    assert meanings == {
        "kept": "image.signed",
        "again": "image.signed",
        "mixed": "image.signed",
        "unit": "image.unit",
        "plain": None,
    }


def test_a_meaning_variable_means_one_thing_at_one_call() -> None:
    text, at = marked("""\
graphs:
  g:
    inputs: {p: "Signed[B 3 8 8]", u: "Unit[B 3 8 8]", f: "Float[B 3 8 8]"}
    steps:
      one: {call: mix, with: {a: p, b: @u}}
      two: {call: mix, with: {a: p, b: @f}}
      three: {call: mix, with: {a: f, b: @p}}
    outputs: {one: one, two: two, three: three}
""")
    assert places(graph(text)) == [("AE203", place) for place in at]


def test_a_conflict_in_the_registry_does_not_hide_a_meaning_fault() -> None:
    own = Registry()
    port = NamedPort("One", Float, "B", meaning="one")
    own.add_type(NamedPort("Two", Float, "B", meaning="two"))

    def take(module: str) -> type[Component]:
        def forward(self: Any, x: Any) -> Any: ...

        forward.__annotations__ = {"x": port["B"], "return": port["B"]}
        return type("Take", (Component,), {"forward": forward, "__module__": module})

    own.add("test.take", take("a"))
    own.add("test.twice", take("a"))
    with pytest.raises(TypeError):
        own.add("test.twice", take("b"))
    report = check(
        {
            "components": {"take": {"type": "test.take"}},
            "graphs": {
                "g": {
                    "inputs": {"x": "Two"},
                    "steps": {"s": {"call": "take", "with": {"x": "x"}}},
                    "outputs": {"s": "s"},
                }
            },
        },
        registry=own,
    )
    assert [d.code for d in report.diagnostics] == ["AE203"]


# Shapes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "step", "output"),
    [
        ("{}", "{call: double, with: {x: a}}", 'Float["B 8"]'),
        ("{}", "{call: halve, with: {x: a}}", 'Float["B 2"]'),
        ("{}", "{call: join, with: {a: a, b: a}}", 'Float["B 8"]'),
        ("{}", "{call: outer, with: {a: a, b: a}}", 'Float["B 16"]'),
        ('{n: "Float[B K]"}', "{call: double, with: {x: n}}", 'Float["B 2*K"]'),
        ('{n: "Float[B K]"}', "{call: join, with: {a: a, b: n}}", 'Float["B K+4"]'),
        ('{n: "Float[B K]"}', "{call: add, with: {a: a, b: n}}", 'Float["B 4"]'),
        ('{n: "Float[B 2*K]"}', "{call: halve, with: {x: n}}", 'Float["B K"]'),
        ('{n: "Float[B *deep]"}', "{call: passing, with: {x: n}}", 'Float["B *deep"]'),
        ('{c: "Code[B 4]"}', "{call: enc, with: {code: c}}", 'Code["B 8"]'),
    ],
)
def test_sizes_are_solved_through_arithmetic(inputs: str, step: str, output: str) -> None:
    report, _ = wired(inputs, step, "{s: s, a: a}")
    assert solved(report) == output


def test_an_output_may_have_the_name_of_an_input_and_another_size() -> None:
    report, _ = wired("{}", "{call: resize, with: {x: a}}", "{s: s.x}")
    assert solved(report, output="x") == 'Float["B 6"]'
    assert str(report.graphs["g"].steps["s"].inputs["x"]) == 'Float["B 4"]'


def test_sizes_flow_back_to_the_inputs() -> None:
    report, _ = wired('{n: "Float[B K]"}', "{call: add, with: {a: a, b: n}}")
    assert str(report.graphs["g"].inputs["n"].type) == 'Float["B 4"]'


@pytest.mark.parametrize(
    ("inputs", "step", "note"),
    [
        ('{n: "Float[B 5]"}', "{call: lin, with: {x: @n}}", "axis 1: 4 is not 5"),
        ('{n: "Float[B 4 1]"}', "{call: lin, with: {x: @n}}", "2 axes (B 4) are not 3 axes (B 4 1)"),
        ('{n: "Float[B]"}', "{call: lin, with: {x: @n}}", "2 axes (B 4) are not 1 axis (B)"),
        ('{n: "Float[B 5]"}', "{call: add, with: {a: a, b: @n}}", "axis 1: 4 is not 5"),
        ('{n: "Float[B 5]"}', "{call: halve, with: {x: @n}}", "axis 1: 2*N is not 5"),
        ('{n: "Float[B 5]"}', "{call: stack, with: {parts: [a, @n, a]}}", "axis 1: 4 is not 5"),
        ('{l: "Float[B 2]"}', "{call: total, with: {losses: {x: @l}}}", "1 axis (B) are not 2 axes (B 2)"),
    ],
)
def test_shapes_that_disagree_are_a_fault_of_the_wire_with_axis_and_sizes(inputs: str, step: str, note: str) -> None:
    report, [at] = wired(inputs, step, "{s: s, a: a}")
    assert places(report) == [("AE204", at)]
    assert one(report).notes == (note,)


def test_every_axis_of_a_wire_that_disagrees_is_in_its_one_diagnostic() -> None:
    report, _ = wired('{p: "Signed[B 4 8 9]", q: "Signed[B 3 8 8]"}', "{call: mix, with: {a: q, b: p}}", "{s: s, a: a}")
    found = one(report)
    assert found.notes == ("axis 1: 3 is not 4", "axis 3: 8 is not 9")


def test_a_size_says_where_it_comes_from_and_which_setting_would_mend_it() -> None:
    report = checked("""\
components:
  one: {type: test.linear, width_out: 6}
  two: {type: test.linear}
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      a: {call: one, with: {x: x}}
      b: {call: two, with: {x: a}}
    outputs: {y: b}
""")
    found = one(report)
    assert (found.code, str(found.where)) == ("AE204", "r.yaml:9:32")
    assert [(side.label, side.text) for side in found.sides] == [
        ("b.x", 'expects "B 4" (width_in = 4, the default of test.linear)'),
        ("a", 'gives "B 6" (width_out = 6, r.yaml:2:39)'),
    ]
    assert found.fix == "set components.two.width_in to 6, or components.one.width_out to 4"


def test_a_size_from_the_settings_an_override_or_a_property_says_so() -> None:
    text = """\
settings: {size: 6}
components:
  one: {type: test.linear, width_out: "${settings.size}"}
  two: {type: test.linear}
  enc: {type: test.encode}
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps:
      a: {call: one, with: {x: x}}
      b: {call: two, with: {x: a}}
    outputs: {y: b}
  h:
    inputs: {c: Code}
    steps:
      a: {call: enc, with: {code: c}}
      b: {call: two, with: {x: a}}
    outputs: {y: b}
"""
    from aetherist.core.recipe import Recipe
    from tests.core.parts import registry

    first, second = serious(checked(text))
    assert "width_out = 6, r.yaml:3:39" in first.sides[1].text
    assert "total = 8, from the settings of enc" in second.sides[1].text
    recipe = Recipe.read("r.yaml", text=text, overrides=["components.two.width_in=5"])
    first, _ = serious(check(recipe, registry=registry))
    assert "width_in = 5, -o components.two.width_in=5" in first.sides[0].text


def test_a_size_that_another_wire_fixed_names_that_wire() -> None:
    report, _ = wired('{n: "Float[B 5]"}', "{call: add, with: {a: a, b: n}}", "{s: s, a: a}")
    assert one(report).sides[0].text == 'expects "B 4" (N = 4 by a at r.yaml:5:32)'


def test_a_fix_is_offered_for_the_axis_it_belongs_to_behind_a_run() -> None:
    own = Registry()

    class Last(Component):
        class Config(Component.Config):
            height: int = 7
            channels: int = 3

        def forward(self, x: Any) -> Any: ...

    Last.forward.__annotations__ = {"x": Float[Tensor, "*batch channels"], "return": Float[Tensor, "*batch"]}

    class Source(Component):
        class Config(Component.Config):
            height: int = 7

        def forward(self, n: int) -> Any: ...

    Source.forward.__annotations__ = {"n": int, "return": Float[Tensor, "2 height 5 4"]}
    own.add("test.last", Last)
    own.add("test.source", Source)
    report = check(
        {
            "components": {"last": {"type": "test.last"}, "source": {"type": "test.source"}},
            "graphs": {
                "g": {
                    "inputs": {"n": "int"},
                    "steps": {"a": {"call": "source", "with": {"n": "n"}}, "b": {"call": "last", "with": {"x": "a"}}},
                    "outputs": {"y": "b"},
                }
            },
        },
        registry=own,
    )
    [found] = report.diagnostics
    assert found.fix == "set components.last.channels to 4"
    assert found.notes == ("axis -1: 3 is not 4",)


def test_equations_that_only_together_have_no_solution_are_a_fault() -> None:
    text, [at] = marked("""\
graphs:
  g:
    inputs: {a: "Float[B H]", b: "Float[B W]", c: "Float[B 7]"}
    steps:
      twice: {call: double, with: {x: a}}
      same: {call: add, with: {a: twice, b: b}}
      sum: {call: join, with: {a: a, b: b}}
      end: {call: add, with: {a: sum, b: @c}}
    outputs: {same: same, end: end}
""")
    report = graph(text)
    assert places(report) == [("AE204", at)]
    fine = graph(text.replace("[B 7]", "[B 12]"))
    assert places(fine) == []
    inputs = fine.graphs["g"].inputs
    assert [str(inputs[name].type) for name in "abc"] == ['Float["B 4"]', 'Float["B 8"]', 'Float["B 12"]']


def test_the_order_in_which_steps_are_written_changes_no_size() -> None:
    steps = [
        "      twice: {call: double, with: {x: a}}\n",
        "      same: {call: add, with: {a: twice, b: b}}\n",
        "      sum: {call: join, with: {a: a, b: b}}\n",
        "      end: {call: add, with: {a: sum, b: c}}\n",
    ]
    seen = set()
    for order in itertools.permutations(steps):
        report = graph(
            'graphs:\n  g:\n    inputs: {a: "Float[B H]", b: "Float[B W]", c: "Float[B 12]"}\n    steps:\n'
            + "".join(order)
            + "    outputs: {same: same, end: end}\n"
        )
        assert places(report) == []
        made = report.graphs["g"]
        types = {name: str(step.outputs["output"]) for name, step in made.steps.items()}
        seen.add((*sorted(types.items()), *((n, str(i.type)) for n, i in made.inputs.items())))
    assert len(seen) == 1


def test_sizes_that_grow_without_bound_are_one_fault() -> None:
    steps = "".join(
        f"      s{i}: {{call: outer, with: {{a: s{i - 1}, b: s{i - 1}}}}}\n".replace("s-1", "x") for i in range(40)
    )
    for shape in ("B N", "B 3"):
        report = graph(
            f'graphs:\n  g:\n    inputs: {{x: "Float[{shape}]"}}\n    steps:\n{steps}    outputs: {{y: s39}}\n'
        )
        found = one(report)
        assert (found.code, str(found.where)) == ("AE204", "r.yaml:2:3")
        assert "cannot be worked out" in found.message


# Typed outputs and nested graphs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("Float[B 4]", None),
        ("Float[B K]", None),
        ("Float[B 5]", "AE204"),
        ("Float[K]", "AE204"),
        ("Int[B 4]", "AE205"),
        ("Code[B 4]", "AE203"),
        ("int", "AE206"),
        ("Flaot[B 4]", "AE214"),
    ],
)
def test_an_output_is_held_to_the_type_it_is_given(type_: str, code: str | None) -> None:
    output = f'{{from: x, type: @"{type_}"}}'
    text, at = marked(f'graphs:\n  g:\n    inputs: {{x: "Float[B 4]"}}\n    outputs: {{y: {output}}}\n')
    report = graph(text)
    assert [place[0] for place in places(report)] == ([code] if code else [])
    if code == "AE214":
        assert places(report)[0][1] == at[0]


def test_sizes_of_inputs_and_typed_outputs_are_the_same_names() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {x: "Float[B N]", y: "Float[B M]"}
    outputs: {x: {from: x, type: "Float[B M]"}, y: y}
""")
    inputs = report.graphs["g"].inputs
    assert str(inputs["x"].type) == str(inputs["y"].type)


NESTED = """\
graphs:
  inner:
    inputs: {x: "Code[B N]", y: "Float[B N]"}
    steps: {s: {call: add, with: {a: x, b: y}}}
    outputs: {sum: s, code: x}
  g:
    inputs: {c: "Code[B 4]", d: "Code[B 6]", f: "Float[B 4]", h: "Float[B 6]", n: "Float[B]"}
    steps:
%s
    outputs: {y: a.sum}
"""


def test_types_of_a_nested_graph_are_held_at_every_call() -> None:
    text, at = marked(
        NESTED
        % "\n".join(
            [
                "      a: {call: inner, with: {x: c, y: f}}",
                "      b: {call: inner, with: {x: d, y: h}}",
                "      e: {call: inner, with: {x: @f, y: f}}",
                "      i: {call: inner, with: {x: c, y: @h}}",
                "      j: {call: inner, with: {x: c, y: @n}}",
            ]
        )
    )
    report = graph(text)
    faults = [place for place in places(report) if place[0] not in ("AE301", "AE303")]
    assert faults == [("AE203", at[0]), ("AE204", at[1]), ("AE204", at[2])]


def test_a_nested_graph_has_sizes_of_its_own_at_every_call() -> None:
    steps = "      a: {call: inner, with: {x: c, y: f}}\n      b: {call: inner, with: {x: d, y: h}}"
    report = graph(NESTED.replace("y: a.sum", "y: a.sum, z: b.sum, n: n") % steps)
    assert places(report) == []
    made = report.graphs["g"]
    assert str(made.steps["a.s"].outputs["output"]) == 'Float["B 4"]'
    assert str(made.steps["b.s"].outputs["output"]) == 'Float["B 6"]'


def test_inputs_of_a_default_shape_share_the_batch_alone() -> None:
    report = graph("graphs:\n  g:\n    inputs: {a: Signed, b: Signed}\n    outputs: {a: a, b: b}\n")
    one, two = (report.graphs["g"].inputs[name].type.shape for name in "ab")
    assert one.axes[0] == two.axes[0]
    assert one.axes[2] != two.axes[2]


# Notes ----------------------------------------------------------------------------------------------------------------


def test_a_size_that_nothing_determines_is_a_note_and_no_fault() -> None:
    report = graph("""\
graphs:
  g:
    inputs: {s: Seeds}
    steps:
      n: {call: noise, with: {seeds: s}}
      d: {call: double, with: {x: n}}
    outputs: {d: d}
""")
    [note] = [d for d in report.diagnostics if d.code == "AE304"]
    assert (note.severity, note.path, str(note.where)) == (Severity.NOTE, "graphs.g.steps.n", "r.yaml:5:7")
    assert note.message == "nothing determines N of 'n', which is Float[\"B N\"]"
    assert report.ok
    assert str(report.graphs["g"].output_types["d"]) == 'Float["B 2*N"]'


def test_an_equation_that_nothing_decides_is_a_note_at_its_wire() -> None:
    text, [at] = marked("""\
graphs:
  g:
    inputs: {a: "Float[B N]", b: "Float[B M]"}
    steps:
      two: {call: double, with: {x: a}}
      three: {call: stack, with: {parts: [four, @two]}}
      four: {call: join, with: {a: b, b: twice}}
      twice: {call: double, with: {x: b}}
    outputs: {y: three}
""")
    report = graph(text)
    [note] = [d for d in report.diagnostics if d.code == "AE304"]
    assert note.message == "'three.parts' fits only where 3*M = 2*N"
    assert (str(note.where), note.severity) == (f"r.yaml:{at}", Severity.NOTE)
    assert [f"{left} = {right}" for left, right in report.graphs["g"].conditions] == ["3*M = 2*N"]
    assert report.ok
