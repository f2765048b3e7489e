"""Composition: extends, profiles, overrides and interpolation, with every value's place kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from aetherist.base.document import MAX_BYTES
from aetherist.core.config import MAX_LEVELS, Composition, compose, recipe_names
from aetherist.core.errors import Diagnostic, RecipeError
from aetherist.core.interpolation import HOLE


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


def composed(text: str, **options: Any) -> Composition:
    return compose("main.yaml", text=text, **options)


def plain(text: str, **options: Any) -> dict[str, Any]:
    made = composed(text, **options)
    assert made.diagnostics == []
    data: dict[str, Any] = made.root.plain()
    return data


def faults(text: str, **options: Any) -> list[tuple[str, str]]:
    return [(d.code, str(d.where)) for d in composed(text, **options).diagnostics]


def fatal(source: Any, **options: Any) -> Diagnostic:
    with pytest.raises(RecipeError) as caught:
        compose(source, **options)
    [diagnostic] = caught.value.diagnostics
    return diagnostic


# Sources --------------------------------------------------------------------------------------------------------------


def test_a_recipe_is_given_by_path_by_name_as_a_folder_or_as_data() -> None:
    write("recipes/known.yaml", "settings: {a: 1}\n")
    write("model/recipe.yaml", "settings: {a: 2}\n")
    assert compose("recipes/known.yaml").root.plain() == {"settings": {"a": 1}}
    assert compose("known").root.plain() == {"settings": {"a": 1}}
    assert compose(Path("model")).root.plain() == {"settings": {"a": 2}}
    assert compose({"settings": {"a": 3}}).root.plain() == {"settings": {"a": 3}}
    assert "known" in recipe_names()


def test_the_texts_that_a_recipe_was_made_from_are_kept_for_messages() -> None:
    write("base.yaml", "name: base\n")
    main = write("main.yaml", "extends: base.yaml\n")
    assert compose(main).texts == {"main.yaml": "extends: base.yaml\n", "base.yaml": "name: base\n"}


@pytest.mark.parametrize("name", ["nothing", "no/such.yaml", "x" * 5000, "a\0b", "", ".", "a\nb", "/etc"])
def test_what_is_no_recipe_is_one_diagnostic(name: str) -> None:
    assert fatal(name).code in ("AE101", "AE108")


def test_a_near_name_is_offered() -> None:
    write("recipes/portrait.yaml", "name: portrait\n")
    assert "did you mean portrait?" in fatal("portrat").notes


def test_a_file_that_cannot_be_read_says_why() -> None:
    Path("latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert (fatal("latin.yaml").code, "UTF-8" in fatal("latin.yaml").message) == ("AE101", True)


def test_a_large_file_is_refused_unread() -> None:
    with Path("large.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert fatal("large.yaml").code == "AE103"


def test_a_recipe_is_a_map() -> None:
    write("list.yaml", "- a\n")
    for source in ("list.yaml", write("empty.yaml", "")):
        assert (fatal(source).code, str(fatal(source).where)) == ("AE107", f"{source}:1:1")


# Extends --------------------------------------------------------------------------------------------------------------


def test_a_recipe_lays_itself_over_what_it_extends_level_by_level() -> None:
    write("recipes/ground.yaml", "settings: {a: 1, b: 1, deep: {x: 1}, list: [1, 2]}\n")
    write("sub/middle.yaml", "extends: ground\nsettings: {b: 2, deep: {y: 2}}\n")
    main = write("sub/top.yaml", "extends: middle\nsettings: {c: 3, list: [3]}\n")
    assert compose(main).root.plain() == {
        "settings": {"a": 1, "b": 2, "c": 3, "deep": {"x": 1, "y": 2}, "list": [3]},
    }


def test_a_relative_path_counts_from_the_recipe_that_names_it() -> None:
    write("a/base.yaml", "settings: {from: a}\n")
    write("base.yaml", "settings: {from: here}\n")
    assert compose(write("a/b/top.yaml", "extends: ../base.yaml\n")).root.plain() == {"settings": {"from": "a"}}


def test_values_keep_their_place_through_extends() -> None:
    write("base.yaml", "settings:\n  a: 1\n  b: 1\n")
    made = compose(write("top.yaml", "extends: base.yaml\nsettings:\n  b: 2\n"))
    assert str(made.root.position(("settings", "a"))) == "base.yaml:2:6"
    assert str(made.root.position(("settings", "b"))) == "top.yaml:3:6"
    assert str(made.root.position(("settings",))) == "top.yaml:3:3"


def test_a_component_whose_type_changes_starts_afresh() -> None:
    write("base.yaml", "components: {a: {type: x, size: 1}, b: {type: x, size: 1}}\n")
    made = compose(write("top.yaml", "extends: base.yaml\ncomponents: {a: {type: y}, b: {type: x, more: 2}}\n"))
    assert made.root.plain()["components"] == {"a": {"type": "y"}, "b": {"type": "x", "size": 1, "more": 2}}


def test_null_removes_what_a_recipe_holds_by_name() -> None:
    write(
        "base.yaml",
        "components: {a: {type: x}, b: {type: x}}\n"
        "graphs: {g: {inputs: {i: int, j: int}, steps: {s: {call: a}, t: {call: a}}, outputs: {o: s, p: t}}, h: {}}\n",
    )
    made = compose(
        write(
            "top.yaml",
            "extends: base.yaml\ncomponents: {b: null}\n"
            "graphs: {g: {inputs: {j: ~}, steps: {t: }, outputs: {p: null}}, h: null}\n",
        )
    )
    assert made.root.plain() == {
        "components": {"a": {"type": "x"}},
        "graphs": {"g": {"inputs": {"i": "int"}, "steps": {"s": {"call": "a"}}, "outputs": {"o": "s"}}},
    }


def test_null_is_a_value_of_a_setting_or_a_config_field() -> None:
    text = "settings: {a: null}\ncomponents: {c: {type: x, clamp: null}}\n"
    assert plain(text) == {"settings": {"a": None}, "components": {"c": {"type": "x", "clamp": None}}}


@pytest.mark.parametrize(
    ("files", "at"),
    [
        ({"a": "name: a\nextends: a.yaml\n"}, "a.yaml:2:10"),
        ({"a": "extends: b\n", "b": "extends: a\n"}, "b.yaml:1:10"),
        ({"a": "extends: b\n", "b": "extends: c\n", "c": "extends: ./b.yaml\n"}, "c.yaml:1:10"),
    ],
)
def test_a_circle_of_extends_is_refused_where_it_closes(files: dict[str, str], at: str) -> None:
    for name, text in files.items():
        write(f"{name}.yaml", text)
    found = fatal("a.yaml")
    assert (found.code, str(found.where)) == ("AE109", at)
    assert " -> " in found.notes[0]


def test_levels_of_extends_are_bounded() -> None:
    for level in range(MAX_LEVELS + 2):
        write(f"r{level}.yaml", f"extends: r{level + 1}\n")
    assert fatal("r0.yaml").code == "AE103"
    write(f"r{MAX_LEVELS - 1}.yaml", "name: ground\n")
    assert compose("r0.yaml").root.plain() == {"name": "ground"}


def test_extends_that_finds_nothing_stands_where_it_is_written() -> None:
    write("portrait.yaml", "name: portrait\n")
    write("recipes/known.yaml", "name: known\n")
    found = fatal(write("top.yaml", "name: x\nextends: knwon\n"))
    assert (found.code, str(found.where)) == ("AE108", "top.yaml:2:10")
    assert found.notes == ("did you mean known?",)


@pytest.mark.parametrize("value", ["[a, b]", "{a: b}", "3"])
def test_extends_names_one_recipe(value: str) -> None:
    found = fatal("main.yaml", text=f"extends: {value}\n")
    assert (found.code, str(found.where)) == ("AE107", "main.yaml:1:10")


def test_a_fault_in_what_is_extended_stands_in_its_own_file() -> None:
    write("base.yaml", "a: 1\na: 2\n")
    assert str(fatal(write("top.yaml", "extends: base\n")).where) == "base.yaml:2:1"


# Profiles -------------------------------------------------------------------------------------------------------------

FOUNDING = """
settings: {}
training: &training
  batch_size: 8
  learning_rate: 0.0002
profiles:
  development: {training: {batch_size: 2, log_interval: 10}}
  production: {training: {batch_size: 16, mixed_precision: true}}
  spelled_out:
    training: {<<: *training, batch_size: 4}
"""


@pytest.mark.parametrize(
    ("profile", "training"),
    [
        (None, {"batch_size": 8, "learning_rate": 0.0002}),
        ("development", {"batch_size": 2, "learning_rate": 0.0002, "log_interval": 10}),
        ("production", {"batch_size": 16, "learning_rate": 0.0002, "mixed_precision": True}),
        ("spelled_out", {"batch_size": 4, "learning_rate": 0.0002}),
    ],
)
def test_a_profile_changes_what_it_names_and_keeps_the_rest(profile: str | None, training: dict[str, Any]) -> None:
    data = plain(FOUNDING, profile=profile)
    assert data["training"] == training
    assert "profiles" not in data


def test_a_value_from_a_profile_stands_in_the_profile() -> None:
    made = composed(FOUNDING, profile="development")
    assert str(made.root.position(("training", "batch_size"))) == "main.yaml:7:40"
    assert str(made.root.position(("training", "learning_rate"))) == "main.yaml:5:18"


def test_profiles_are_extended_like_everything_else() -> None:
    write("base.yaml", "settings: {a: 1}\nprofiles: {p: {settings: {a: 2, b: 2}}}\n")
    main = write("top.yaml", "extends: base\nprofiles: {p: {settings: {b: 3}}}\n")
    assert compose(main, profile="p").root.plain() == {"settings": {"a": 2, "b": 3}}


def test_a_profile_may_remove_and_may_be_empty() -> None:
    text = "components: {a: {type: x}}\nprofiles: {bare: {components: {a: null}}, same: , none: {}}\n"
    assert plain(text, profile="bare") == {"components": {}}
    assert plain(text, profile="same") == plain(text, profile="none") == {"components": {"a": {"type": "x"}}}


def test_an_unknown_profile_is_answered_with_near_ones() -> None:
    [found] = composed(FOUNDING, profile="devlopment").diagnostics
    assert (found.code, found.notes) == ("AE114", ("did you mean development?",))
    assert faults("name: x\n", profile="p") == [("AE114", "main.yaml:1:1")]


@pytest.mark.parametrize(
    ("profiles", "at"), [("5", "1:11"), ("[a]", "1:11"), ("{a: 5}", "1:15"), ("{a: {}, b: [x]}", "1:22")]
)
def test_profiles_that_are_no_maps_are_faults_whether_chosen_or_not(profiles: str, at: str) -> None:
    for profile in (None, "a"):
        found = composed(f"profiles: {profiles}\n", profile=profile).diagnostics
        assert ("AE107", f"main.yaml:{at}") in [(d.code, str(d.where)) for d in found]


# Overrides ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("components.mapping.layers=4", ("components", "mapping", "layers"), 4),
        ("components.mapping.lr=1e-3", ("components", "mapping", "lr"), 0.001),
        ("components.mapping.new=[1, {a: b}]", ("components", "mapping", "new"), [1, {"a": "b"}]),
        ("settings.text='4'", ("settings", "text"), "4"),
        ("settings.text=a=b", ("settings", "text"), "a=b"),
        ("settings.empty=", ("settings", "empty"), None),
        ("settings.deep.er=1", ("settings", "deep"), {"er": 1, "x": 0}),
        ("components.fresh={type: y}", ("components", "fresh"), {"type": "y"}),
        ("components.mapping.type=y", ("components", "mapping"), {"type": "y"}),
        ("name=other", ("name",), "other"),
    ],
)
def test_an_override_lays_a_yaml_value_at_a_dotted_path(override: str, path: tuple[str, ...], value: Any) -> None:
    text = "name: n\nsettings: {resolution: 8, deep: {x: 0}}\ncomponents: {mapping: {type: x, layers: 2}}\n"
    made = composed(text, overrides=[override])
    assert made.diagnostics == []
    node = made.root.find(path)
    assert node is not None
    assert node.plain() == value
    assert str(node.where) == f"-o {override}" or isinstance(value, dict)


def test_overrides_come_after_the_profile_and_one_after_another() -> None:
    overrides = ["training.batch_size=3", "training.batch_size=5"]
    data = plain(FOUNDING, profile="development", overrides=overrides)
    assert data["training"] == {"batch_size": 5, "learning_rate": 0.0002, "log_interval": 10}


def test_an_override_removes_with_null() -> None:
    assert plain("components: {a: {type: x}}\n", overrides=["components.a=null"]) == {"components": {}}


def test_an_override_may_interpolate() -> None:
    data = plain("settings: {a: 7, b: 0}\n", overrides=["settings.b=${settings.a}"])
    assert data["settings"] == {"a": 7, "b": 7}


@pytest.mark.parametrize(
    "override",
    [
        *("no equals sign", "=1", "a..b=1", ".a=1", "components.mappin.layers=4", "settings.list.0=3"),
        *("settings." + ".".join("a" * 3000) + "=1", "settings.a=[1", "settings.a=*x", "settings.a=" + "[" * 200),
    ],
)
def test_an_override_that_cannot_be_is_one_diagnostic_and_names_the_override(override: str) -> None:
    made = composed("settings: {list: [1]}\ncomponents: {mapping: {type: x}}\n", overrides=[override])
    [found] = made.diagnostics
    assert found.code in ("AE102", "AE103", "AE113")
    assert str(found.where) == f"-o {override}"
    assert made.root.plain() == {"settings": {"list": [1]}, "components": {"mapping": {"type": "x"}}}


def test_an_override_of_a_component_that_is_not_there_offers_near_names() -> None:
    [found] = composed("components: {mapping: {type: x}}\n", overrides=["components.mappin.a=1"]).diagnostics
    assert found.notes == ("did you mean mapping?",)


# Interpolation --------------------------------------------------------------------------------------------------------


def test_a_whole_value_keeps_its_type_and_a_part_of_text_is_put_in() -> None:
    data = plain(
        "settings: {size: 64, rate: 0.5, names: [a, b], map: {x: 1}, none: null, flag: true}\n"
        "components:\n"
        '  a: {type: x, size: "${settings.size}", names: "${settings.names}", map: "${settings.map}"}\n'
        '  b: {type: x, text: "size-${settings.size}-${settings.rate}", none: "${settings.none}"}\n'
        '  c: {type: x, size: "${components.a.size}", first: "${settings.names.0}", flag: "${ settings.flag }"}\n'
    )
    assert data["components"] == {
        "a": {"type": "x", "size": 64, "names": ["a", "b"], "map": {"x": 1}},
        "b": {"type": "x", "text": "size-64-0.5", "none": None},
        "c": {"type": "x", "size": 64, "first": "a", "flag": True},
    }


def test_settings_refer_to_settings_through_several_levels() -> None:
    text = 'settings: {a: "${settings.b}", b: "${settings.c}x", c: "${settings.d}", d: 1, m: {n: "${settings.a}"}}\n'
    data = plain(text + 'components: {x: {type: t, m: "${settings.m}"}}\n')
    assert data["settings"]["a"] == "1x"
    assert data["components"]["x"]["m"] == {"n": "1x"}


def test_interpolation_sees_what_extends_profiles_and_overrides_made() -> None:
    write("base.yaml", 'settings: {a: 1}\ncomponents: {x: {type: t, size: "${settings.a}"}}\n')
    main = write("top.yaml", "extends: base\nsettings: {a: 2}\nprofiles: {p: {settings: {a: 3}}}\n")
    sizes = [
        compose(main, **options).root.plain()["components"]["x"]["size"]
        for options in ({}, {"profile": "p"}, {"profile": "p", "overrides": ["settings.a=4"]})
    ]
    assert sizes == [2, 3, 4]


def test_an_interpolated_value_stands_where_it_is_used_and_knows_where_it_comes_from() -> None:
    made = composed('settings: {a: 1}\ncomponents: {x: {type: t, size: "${settings.a}"}}\n')
    node = made.root.find(("components", "x", "size"))
    assert node is not None
    assert (str(node.where), str(node.source)) == ("main.yaml:2:33", "main.yaml:1:15")


def test_the_environment_is_read_where_it_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHERIST_TEST", "7")
    text = 'settings: {a: "${oc.env:AETHERIST_TEST}", b: "${oc.env:AETHERIST_NONE,x}"}\n'
    assert plain(text)["settings"] == {"a": "7", "b": "x"}
    assert faults('settings: {a: "${oc.env:AETHERIST_NONE}"}\n') == [("AE110", "main.yaml:1:15")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("${settings.nothing}", "AE110"),
        ("${nothing}", "AE110"),
        ("${settings}", "AE110"),
        ("${settings.list.9}", "AE110"),
        ("${settings.ok.deeper}", "AE110"),
        ("${graphs.g.steps}", "AE110"),
        ("${}", "AE110"),
        ("${.ok}", "AE110"),
        ("${settings..ok}", "AE110"),
        ("${", "AE110"),
        ("${settings.ok", "AE110"),
        ("$${settings.ok", "AE110"),
        ("${settings.${settings.ok}}", "AE110"),
        ("${settings.\u00b2}", "AE110"),
        ("${settings['ok']}", "AE110"),
        ("${settings.ok} ${", "AE110"),
        ("${oc.decode:1}", "AE111"),
        ("${eval:1}", "AE111"),
        ("${:x}", "AE111"),
        ("${os.system:ls}", "AE111"),
    ],
)
def test_an_interpolation_that_cannot_be_is_one_diagnostic_at_its_place(value: str, code: str) -> None:
    quoted = value.replace("'", "''")
    made = composed(f"settings:\n  ok: 1\n  list: [1]\n  bad: '{quoted}'\ngraphs: {{g: {{steps: {{}}}}}}\n")
    assert [(d.code, str(d.where), d.path) for d in made.diagnostics] == [(code, "main.yaml:4:8", "settings.bad")]
    assert made.root.plain()["settings"]["bad"] is HOLE


def test_a_near_name_is_offered_for_a_setting() -> None:
    [found] = composed('settings: {resolution: 1, b: "${settings.resolutoin}"}\n').diagnostics
    assert found.notes == ("did you mean resolution?",)


def test_what_refers_to_something_at_fault_is_not_reported_again() -> None:
    text = 'settings: {a: "${settings.none}", b: "${settings.a}", c: "x${settings.b}", d: {e: "${settings.c}"}}\n'
    made = composed(text + 'components: {x: {type: t, d: "${settings.d}"}}\n')
    assert [(d.code, d.path) for d in made.diagnostics] == [("AE110", "settings.a")]
    assert made.root.plain()["components"]["x"]["d"] is HOLE


@pytest.mark.parametrize(
    "text",
    [
        'settings: {a: "${settings.a}"}',
        'settings: {a: "${settings.b}", b: "${settings.a}"}',
        'settings: {a: "x${settings.b}", b: ["${settings.c}"], c: {d: "${settings.a}"}}',
        'settings: {a: {b: "${settings.a}"}}',
        'components: {a: {type: "${components.a}"}}',
    ],
)
def test_circles_are_refused(text: str) -> None:
    found = composed(text).diagnostics
    assert found
    assert {d.code for d in found} == {"AE110"}
    assert all("refers to itself" in d.message for d in found)


def bomb(kind: str) -> str:
    lines = ["settings:", "  a0: [x, x, x, x, x, x, x, x, x, x]" if kind == "lists" else "  a0: " + "x" * 500]
    for level in range(1, 40):
        before = f"${{settings.a{level - 1}}}"
        lines.append(f'  a{level}: ["{before}", "{before}"]' if kind == "lists" else f'  a{level}: "{before}{before}"')
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb("texts"),
        bomb("lists"),
        "settings:\n  big: [" + "x," * 20_000 + ']\n  all: ["' + '","'.join(["${settings.big}"] * 200) + '"]\n',
        "settings:\n  big: " + "x" * 90_000 + '\n  all: ["' + '","'.join(["${settings.big}"] * 900) + '"]\n',
        "settings:\n" + "".join(f'  a{i}: "${{settings.a{i + 1}}}"\n' for i in range(3000)) + "  a3000: 1\n",
        "settings:\n  a: '" + "${" * 20_000 + "'\n",
        "settings:\n  a: '" + "${settings.b}" * 20_000 + "'\n  b: x\n",
    ],
    ids=["texts", "lists", "wide", "long", "chain", "braces", "many"],
)
def test_bombs_of_interpolation_are_refused_quickly(text: str) -> None:
    start = time.process_time()
    made = composed(text)
    assert made.diagnostics
    assert {d.code for d in made.diagnostics} == {"AE110"}
    assert time.process_time() - start < 5


def test_thousands_of_plain_interpolations_take_little_time() -> None:
    text = "settings: {a: 1}\ncomponents:\n" + "".join(
        f'  c{i}: {{type: t, size: "${{settings.a}}"}}\n' for i in range(3000)
    )
    start = time.process_time()
    data = plain(text)
    assert time.process_time() - start < 5
    assert all(part["size"] == 1 for part in data["components"].values())


# Recipes from outside -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.yaml", "secret.yaml", "./secret", "a/b", "~/x", ".hidden"])
def test_a_recipe_from_outside_cannot_extend_a_file(name: str) -> None:
    write("secret.yaml", "settings: {key: 1}\n")
    found = fatal("upload", text=f"name: x\nextends: {name}\n", trusted=False)
    assert (found.code, str(found.where)) == ("AE112", "upload:2:10")


def test_a_recipe_from_outside_can_extend_what_ships_by_name_but_nothing_local() -> None:
    write("recipes/local.yaml", "settings: {key: 1}\n")
    write("local.yaml", "settings: {key: 1}\n")
    assert fatal("upload", text="extends: local\n", trusted=False).code == "AE108"
    assert compose("upload", text="extends: tiny\n", trusted=False).root.find(("components",)) is not None


def test_a_name_from_outside_cannot_be_a_path_either() -> None:
    write("recipes/local.yaml", "settings: {key: 1}\n")
    for name in ("recipes/local.yaml", "local", str(Path("recipes/local.yaml").resolve())):
        assert fatal(name, trusted=False).code == "AE101"


@pytest.mark.parametrize("place", ["settings: {a: '%s'}", "components: {c: {type: t, x: ['%s']}}", "name: '%s'"])
@pytest.mark.parametrize("value", ["${oc.env:HOME}", "x ${oc.env:HOME,y}", "${oc.env: HOME}", "${ oc.env:HOME}"])
def test_a_recipe_from_outside_cannot_read_the_environment(place: str, value: str) -> None:
    text = place % value
    assert {code for code, _ in faults(text, trusted=False)} == {"AE112"}
    assert {code for code, _ in faults("name: x", trusted=False, overrides=[f"name='{value}'"])} == {"AE112"}
