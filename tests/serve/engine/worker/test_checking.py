"""Recipes from outside are checked, drawn and reckoned, and reach nothing that is not theirs."""

from __future__ import annotations

from typing import Any

import pytest

from aetherist.serve.engine import CheckRecipe, Refused, RunGraph
from aetherist.serve.engine.messages import Settings
from aetherist.serve.engine.worker.checking import check_recipe
from aetherist.serve.engine.worker.runs import run_graph
from aetherist.serve.engine.worker.tokens import Cancelled, Token, Watched

ROOMY = Settings(0, 10**8, 10**12, 2**32)

SMALL = """\
extends: tiny
graphs:
  twice:
    description: One graph within another.
    inputs: {styles: Styles, camera: Camera}
    steps:
      first: {call: show, with: {styles: styles, camera: camera}}
      unit: {call: to_unit, with: {image: first.image}}
    outputs: {image: unit}
components:
  to_unit: {type: image.to_unit}
"""


def checked(text: str, *overrides: str, level: Any = "static", settings: Settings = ROOMY) -> dict[str, Any]:
    return check_recipe(CheckRecipe(text, overrides, level), Token(), settings)


def codes(text: str, *overrides: str) -> list[str]:
    return [diagnostic["code"] for diagnostic in checked(text, *overrides)["diagnostics"]]


def graph(text: str, name: str) -> dict[str, Any]:
    return next(graph for graph in checked(text)["graphs"] if graph["name"] == name)


def test_a_sound_recipe_is_drawn() -> None:
    told = checked("extends: tiny")
    assert (told["ok"], told["diagnostics"]) == (True, [])
    assert [drawn["name"] for drawn in told["graphs"]] == ["generate", "query", "map", "show", "field", "judge"]


def test_ports_say_what_they_are() -> None:
    drawn = graph("extends: tiny", "show")
    planes = drawn["steps"][0]
    assert (planes["name"], planes["call"], planes["type"]) == ("planes", "planes", "triplane.stylegan2")
    assert planes["outputs"][0] | {"doc": ""} == {
        "name": "output",
        "type": 'Planes["B 3 8 32 32"]',
        "shape": ["B", "3", "8", "32", "32"],
        "meaning": "planes.triplane",
        "doc": "",
    }
    assert planes["inputs"][0]["from"] == {"input": "styles"}
    psi = graph("extends: tiny", "map")["inputs"][-2]
    assert (psi["name"], psi["shape"], psi["required"], psi["default"]) == ("psi", None, False, 1.0)


def test_nested_graphs_are_named_and_stand_on_their_lines() -> None:
    drawn = graph(SMALL, "twice")
    steps = [(step["name"], step["group"], step["line"]) for step in drawn["steps"]]
    assert steps[0] == ("first.planes", "first", None), "what is extended stands in another text"
    assert steps[-1] == ("unit", None, 8)
    assert drawn["groups"] == [{"name": "first", "graph": "show", "line": 7}]
    assert (drawn["line"], drawn["description"]) == (3, "One graph within another.")
    assert {"from": "first.final.output", "to": "unit.image"} in drawn["wires"]
    assert {"from": "input.camera", "to": "first.rays.camera"} in drawn["wires"]
    assert {"from": "unit.output", "to": "output.image"} in drawn["wires"]


def test_faults_have_their_places_and_sound_graphs_are_drawn_all_the_same() -> None:
    told = checked(SMALL.replace("image: first.image", "image: first.depth"))
    assert not told["ok"]
    fault = told["diagnostics"][0]
    assert (fault["where"]["line"], fault["path"]) == (8, "graphs.twice.steps.unit.with.image")
    assert "show" in [drawn["name"] for drawn in told["graphs"]]


def test_text_that_is_no_recipe_is_told_of() -> None:
    assert codes("graphs: [") == ["AE102"]
    assert not checked("a: b")["ok"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("extends: ../recipes/tiny", "AE112"),
        ("extends: /etc/passwd", "AE112"),
        ("settings: {home: '${oc.env:HOME}'}", "AE112"),
        ("components: {e: {type: embedding.torchscript, path: /etc/passwd}}", "AE202"),
        ("components: {e: {type: os.system}}", "AE201"),
        ("a: !!python/object/apply:os.system [ls]", "AE102"),
    ],
)
def test_files_the_environment_and_code_are_out_of_reach(text: str, code: str) -> None:
    assert code in codes(text)


def test_the_dry_level_tells_what_graphs_cost() -> None:
    told = checked("extends: tiny", "graphs.judge=null", "graphs.query=null", level="dry")
    cost = next(cost for cost in told["costs"] if cost["graph"] == "show")
    assert cost["flops"] > 10**6
    assert [step["name"] for step in cost["steps"]] == ["planes", "rays", "view", "final"]


def test_what_costs_too_much_is_said_at_its_graph() -> None:
    told = checked("extends: tiny", level="dry", settings=Settings(0, 1000, 1000, 1000))
    assert not told["ok"]
    faults = {fault["path"]: fault["message"] for fault in told["diagnostics"]}
    assert all(fault["code"] == "too_costly" for fault in told["diagnostics"])
    assert "graphs.show" in faults


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (Settings(0, 1000, 10**12, 2**32), "parameters; 1,000 are allowed"),
        (Settings(0, 10**8, 1000, 2**32), "FLOPs a run; 1,000 are allowed"),
        (Settings(0, 10**8, 10**12, 1000), "bytes of parameters and activations; 1,000 are allowed"),
    ],
)
def test_nothing_is_run_that_costs_too_much(settings: Settings, text: str) -> None:
    with pytest.raises(Refused, match=text) as error:
        run_graph(RunGraph("show", text="extends: tiny"), Token(), None, "cpu", settings)
    assert error.value.code == "too_costly"


def test_what_takes_for_ever_to_build_is_given_up() -> None:
    endless = RunGraph("map", text="extends: tiny", overrides=("components.mapping.layers=1000000000",))
    token = Token()
    with pytest.raises(Refused, match="takes more than 1,000 operations"), Watched(token, 1000, what="building this"):
        run_graph(endless, token, None, "cpu", ROOMY)


def test_a_check_that_nobody_waits_for_ends() -> None:
    token = Token()
    token.cancel()
    with pytest.raises(Cancelled):
        check_recipe(CheckRecipe("extends: tiny", (), "dry"), token, ROOMY)
