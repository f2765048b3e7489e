"""Recipes against their schema: each fault where it stands, and the rest still read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aetherist.core.errors import Position, RecipeError, RegistryError
from aetherist.core.recipe import UNSET, Recipe
from aetherist.core.typetext import parse_type
from tests.core.parts import registry

SOUND = """\
name: sound
description: All forms at once.
settings: {size: 4}
components:
  enc: {type: test.encode, dim: 4}
graphs:
  main:
    description: One.
    inputs:
      code: Code
      gain: {type: float, default: 0.5}
      note: {type: "str | None", default: null}
    steps:
      wide: {call: enc, with: {code: code, gain: gain}}
    outputs:
      wide: wide
      held: {from: wide, type: "Code[B 8]"}
"""


def read(text: str, **options: Any) -> Recipe:
    return Recipe.read("r.yaml", text=text, **options)


def faults(text: str) -> list[tuple[str, str, str]]:
    return [(d.code, str(d.where).removeprefix("r.yaml:"), d.path) for d in read(text).diagnostics]


def test_a_recipe_is_read_in_its_short_and_long_forms() -> None:
    spec = read(SOUND).spec
    main = spec.graphs["main"]
    assert spec.components["enc"].fields == {"dim": 4}
    assert (main.inputs["code"].type, main.inputs["code"].default) == ("Code", UNSET)
    assert (main.inputs["gain"].type, main.inputs["gain"].default) == ("float", 0.5)
    assert main.inputs["note"].default is None
    assert main.steps["wide"].inputs == {"code": "code", "gain": "gain"}
    assert (main.outputs["wide"].source, main.outputs["wide"].type) == ("wide", None)
    assert (main.outputs["held"].source, main.outputs["held"].type) == ("wide", "Code[B 8]")


def test_a_recipe_without_a_name_is_called_after_its_file() -> None:
    assert Recipe.read("some/where.yaml", text="settings: {}\n").name == "where"
    assert Recipe.read({"settings": {}}).name == "recipe"


def test_it_knows_where_everything_was_written() -> None:
    recipe = read(SOUND)
    assert recipe.where("graphs", "main", "steps", "wide") == Position("r.yaml", 14, 13)
    assert recipe.where("graphs", "main", "steps", "wide", of_key=True) == Position("r.yaml", 14, 7)
    assert recipe.where("graphs", "none", "steps") == Position("r.yaml", 7, 3)


def test_what_it_composes_to_reads_back_as_the_same_recipe() -> None:
    recipe = read(SOUND.replace("dim: 4", "dim: '${settings.size}'"))
    again = Recipe.read("again.yaml", text=recipe.to_yaml())
    assert again.plain() == recipe.plain()
    assert again.digest == recipe.digest


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text(
                st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=9
            )
            | st.sampled_from(
                ["1e3", "010", "0o17", "yes", "null", "~", "1_0", ".inf", "- a", "a: b", "#x", "<<", "a\nb"]
            ),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy", min_size=1), inner, max_size=2),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_whatever_a_setting_holds_survives_being_written_and_read(settings: dict[str, Any]) -> None:
    settings = {name: value for name, value in settings.items() if "${" not in repr(value)}
    recipe = Recipe.read({"name": "x", "settings": settings})
    assert Recipe.read("again", text=recipe.to_yaml()).plain() == recipe.plain()


def test_the_digest_is_of_what_a_recipe_says_and_not_of_how() -> None:
    recipe = read(SOUND)
    assert read(SOUND + "# a comment\n").digest == recipe.digest
    assert read(SOUND.replace("0.5", "5e-1")).digest == recipe.digest
    assert read(SOUND.replace("0.5", "0.6")).digest != recipe.digest


# Faults ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nmae: x\n", ("AE105", "1:1", "nmae")),
        ("graphs:\n  g:\n    input: {}\n", ("AE105", "3:5", "graphs.g.input")),
        ("graphs:\n  g:\n    steps:\n      s: {call: a, wiht: {}}\n", ("AE105", "4:20", "graphs.g.steps.s.wiht")),
        ("graphs: {g: {outputs: {o: {from: a, typ: b}}}}\n", ("AE105", "1:37", "graphs.g.outputs.o.typ")),
        ("components:\n  a: {size: 3}\n", ("AE106", "2:3", "components.a")),
        ("graphs: {g: {steps: {s: {with: {}}}}}\n", ("AE106", "1:22", "graphs.g.steps.s")),
        ("graphs: {g: {inputs: {i: {default: 1}}}}\n", ("AE106", "1:23", "graphs.g.inputs.i")),
        ("graphs: {g: {outputs: {o: {type: int}}}}\n", ("AE106", "1:24", "graphs.g.outputs.o")),
        ("components: [a]\n", ("AE107", "1:13", "components")),
        ("graphs: 3\n", ("AE107", "1:9", "graphs")),
        ("graphs:\n  g: [x]\n", ("AE107", "2:6", "graphs.g")),
        ("graphs: {g: {steps: {s: run}}}\n", ("AE107", "1:25", "graphs.g.steps.s")),
        ("graphs: {g: {outputs: {o: 3}}}\n", ("AE107", "1:27", "graphs.g.outputs.o")),
        ("graphs: {g: {inputs: {i: 3}}}\n", ("AE107", "1:26", "graphs.g.inputs.i")),
        ("components: {a: {type: 3}}\n", ("AE107", "1:24", "components.a.type")),
        ("name: [x]\n", ("AE107", "1:7", "name")),
        ("settings: 3\n", ("AE107", "1:11", "settings")),
        ("components:\n  my-part: {type: t}\n", ("AE115", "2:3", "components.my-part")),
        ("graphs: {class: {}}\n", ("AE115", "1:10", "graphs.class")),
        ("graphs: {g: {steps: {1st: {call: a}}}}\n", ("AE115", "1:22", "graphs.g.steps.1st")),
        ("graphs: {g: {steps: {s: {call: a, with: {a.b: c}}}}}\n", ("AE115", "1:42", "graphs.g.steps.s.with.a.b")),
        ("graphs: {g: {inputs: {_x: int}}}\n", ("AE115", "1:23", "graphs.g.inputs._x")),
        ("graphs: {g: {outputs: {'\u00e9': a}}}\n", ("AE115", "1:24", "graphs.g.outputs.\u00e9")),
    ],
)
def test_a_fault_stands_where_it_is(text: str, expected: tuple[str, str, str]) -> None:
    assert faults(text) == [expected]


def test_near_keys_are_offered() -> None:
    [found] = read("graphs: {g: {steps: {s: {call: a, wiht: {}}}}}\n").diagnostics
    assert found.notes == ("did you mean with?",)


def test_a_missing_key_comes_with_what_to_add() -> None:
    [found] = read("components: {a: {}}\n").diagnostics
    assert found.fix == "add type: ..."


def test_several_faults_are_reported_at_once_and_sound_entries_are_kept() -> None:
    text = """\
nmae: x
components:
  good: {type: t}
  bad: {}
  "no name": {type: t}
graphs:
  g:
    inputs: {i: int, j: 3}
    steps:
      s: {call: good}
      t: {cal: good}
    outputs: {o: s, p: [x]}
  h: 5
"""
    recipe = read(text)
    assert sorted(code for code, _, _ in faults(text)) == [
        "AE105",
        "AE105",
        "AE106",
        "AE106",
        "AE107",
        "AE107",
        "AE107",
        "AE115",
    ]
    assert set(recipe.spec.components) == {"good"}
    assert set(recipe.spec.graphs) == {"g"}
    graph = recipe.spec.graphs["g"]
    assert (set(graph.inputs), set(graph.steps), set(graph.outputs)) == ({"i"}, {"s"}, {"o"})
    assert recipe.is_broken("components", "bad")
    assert recipe.is_broken("graphs", "g", "steps", "t")
    assert not recipe.is_broken("components", "good")


def test_an_entry_with_an_interpolation_at_fault_is_dropped_alone() -> None:
    recipe = read('components:\n  a: {type: t, x: "${settings.no}"}\n  b: {type: t}\n')
    assert [d.code for d in recipe.diagnostics] == ["AE110"]
    assert set(recipe.spec.components) == {"b"}
    assert recipe.is_broken("components", "a")


def test_a_fault_of_an_interpolated_value_names_where_the_value_comes_from() -> None:
    recipe = read('settings: {size: big}\ncomponents: {a: {type: t, x: "${settings.size}"}}\n')
    note = recipe.fault("AE202", "no", "components", "a", "x").notes
    assert note == ("the value 'big' comes from r.yaml:1:18",)


def test_errors_are_raised_together_and_sorted() -> None:
    recipe = read("graphs: 3\ncomponents: [a]\n")
    with pytest.raises(RecipeError) as caught:
        recipe.raise_for_errors()
    assert [d.where.line for d in caught.value.diagnostics if d.where] == [1, 2]
    assert str(caught.value).count("AE107") == 2
    read(SOUND).raise_for_errors()


KEYS = (
    *("components", "graphs", "inputs", "steps", "outputs", "call", "with", "from", "type", "name", "default", "a"),
    *("extends", "profiles", "settings", "", "[key]", "${x}", "class"),
)


@given(
    st.recursive(
        st.none() | st.integers() | st.text("abtype", max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    )
)
def test_any_data_are_read_or_refused_with_positions(data: Any) -> None:
    try:
        found = Recipe.read(data if isinstance(data, dict) else {"graphs": data}, trusted=False).diagnostics
    except RecipeError as error:
        found = list(error.diagnostics)
    assert all(d.code.startswith("AE1") and d.where is not None for d in found)


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_text(SOUND, encoding="utf-8")
    assert Recipe.read(path).plain() == read(SOUND).plain()
    assert Recipe.read(str(path)).spec == read(SOUND).spec


# Type texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("int", "int"),
        ("float | None", "float | None"),
        (" str|None ", "str | None"),
        ("bool", "bool"),
        ("Code", 'Code["B D"]'),
        ("Code[B 8]", 'Code["B 8"]'),
        ('Code["B 8"] | None', 'Code["B 8"] | None'),
        ("Signed [ 'B 3 H H' ]", 'Signed["B 3 H H"]'),
        ("Float[B 2*H]", 'Float["B 2*H"]'),
        ("Int[]", 'Int[""]'),
        ("Bool[*rest 3]", 'Bool["*rest 3"]'),
        ("Shaped[B]", 'Shaped["B"]'),
    ],
)
def test_types_are_read_as_recipes_write_them(text: str, spelled: str) -> None:
    assert str(parse_type(text, registry)) == spelled


@pytest.mark.parametrize(
    "text",
    [
        *("", "Float", "int[3]", "Code[B #8]", "Code[", "Code]", "Code[B][B]", "Code | int", "None", "list[Code]"),
        "Code[*a *b]",
        "Code[__import__('os')]",
        "os.system",
        "Code[B] | None | None",
        "A" + " " * 50_000 + "!",
        "Float[" + "(" * 300 + "]",
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RegistryError)):
        parse_type(text, registry)


def test_an_unknown_type_is_answered_with_near_ones() -> None:
    with pytest.raises(RegistryError, match=r"no type is called 'Singed'; did you mean Signed"):
        parse_type("Singed[B]", registry)
