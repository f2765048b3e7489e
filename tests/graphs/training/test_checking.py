"""A recipe's training is checked before it starts: every fault at once, with its place, its code and a way out."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aetherist.core.check import check
from aetherist.core.errors import Diagnostic, RecipeError, Severity
from aetherist.core.recipe import Recipe
from aetherist.graphs.training import check_training
from aetherist.graphs.training.reading import read_training
from tests.graphs.training import toys


def found(**training: Any) -> list[Diagnostic]:
    return check_training(check(toys.gan(**training)))


def only(**training: Any) -> Diagnostic:
    (fault,) = found(**training)
    return fault


def phase(**changes: Any) -> dict[str, Any]:
    return {"phases": {"generator": changes}}


def test_a_sound_training_has_no_faults_and_a_recipe_without_one_neither() -> None:
    assert found() == []
    recipe = copy.deepcopy(toys.GAN)
    del recipe["training"]
    report = check(recipe)
    assert check_training(report) == []
    with pytest.raises(RecipeError, match="AE701  the recipe 'toy' does not say how it is trained"):
        read_training(report)


@pytest.mark.parametrize(
    ("training", "code", "path", "words"),
    [
        ({"lenght": 3}, "AE105", "training.lenght", "did you mean length?"),
        (phase(updates=["x"]), "AE105", "training.phases.generator.updates", "did you mean update?"),
        (phase(optimizer={"lrr": 1}), "AE105", "training.phases.generator.optimizer.lrr", "did you mean lr?"),
        ({"batch_size": None}, "AE106", "training", "'batch_size' is missing"),
        (phase(weight={"from": 1, "over": 3}), "AE106", "training.phases.generator.weight", "'to' is missing"),
        ({"length": "3x"}, "AE107", "training.length", "write 5000, 200k or 25M"),
        ({"feeds": {"latent": {"draw": "cauchy"}}}, "AE107", "training.feeds.latent.draw", "'normal', 'uniform'"),
        ({"feeds": {"new": {"drw": "normal"}}}, "AE107", "training.feeds.new", "a feed is {draw: normal}"),
        (phase(graph="fooing"), "AE701", "training.phases.generator.graph", "did you mean fooling or"),
        (phase(minimise="los"), "AE701", "training.phases.generator.minimise", "did you mean loss?"),
        (phase(report=["los"]), "AE701", "training.phases.generator.report", "no output 'los'"),
        (phase(update=["mappin"]), "AE701", "training.phases.generator.update.0", "did you mean mapping?"),
        (phase(after={"mapping.lead": "styles"}), "AE701", "training.phases.generator.after.mapping.lead", "no method"),
        ({"ema": {"components": ["x"]}}, "AE701", "training.ema.components.0", "no component 'x'"),
        ({"snapshots": {"graph": "generat"}}, "AE701", "training.snapshots.graph", "did you mean generate?"),
        (
            {"controls": {"strength": {"watch": "critic.real"}}},
            "AE701",
            "training.controls.strength.watch",
            "no output",
        ),
        ({"grow": {"painter.size": {"from": 1, "to": 2, "over": 3}}}, "AE701", "training.grow.painter.size", "setting"),
        (phase(minimise="styles"), "AE702", "training.phases.generator.minimise", "what is minimised is one number"),
        (phase(update=["critic", "tell"]), "AE703", "training.phases.generator.update.1", "depends on critic, fool"),
        ({"feeds": {"latent": None}}, "AE704", "training.phases.generator", "nothing feeds the input 'latent'"),
        ({"feeds": {"latent": {"draw": "seeds"}}}, "AE705", "training.feeds.latent", "seeds are integers"),
        ({"feeds": {"fade": {"value": "dark"}}}, "AE705", "training.feeds.fade", "does not fit the input 'fade'"),
        ({"feeds": {"fade": {"control": "x"}}}, "AE705", "training.feeds.fade", "no control is called 'x'"),
        ({"feeds": {"image": {"draw": "normal"}}}, "AE705", "training.feeds.image", "say its size: sizes: {H: ...}"),
        ({"feeds": {"image": {"field": "a", "size": "x.y"}}}, "AE705", "training.feeds.image", "'x.y' is no whole"),
        ({"phases": {"r1": {"compile": True}}}, "AE706", "training.phases.r1.compile", "it differentiates twice"),
        ({"phases": {"r1": {"update": ["leaf"]}}}, "AE707", "training.phases.r1.optimizer", "does not have leaf"),
        ({"feeds": {"lattent": {"draw": "normal"}}}, "AE709", "training.feeds.lattent", "no phase has an input"),
    ],
)
def test_a_fault_has_a_code_a_place_and_a_way_out(training: dict[str, Any], code: str, path: str, words: str) -> None:
    faults = [fault for fault in found(**training) if fault.code == code]
    assert faults, [str(fault) for fault in found(**training)]
    assert faults[0].path == path
    assert words in str(faults[0])


def test_all_faults_are_reported_at_once() -> None:
    faults = found(
        feeds={"latent": {"draw": "seeds"}}, phases={"generator": {"minimise": "los"}, "r1": {"compile": True}}
    )
    assert {fault.code for fault in faults} == {"AE701", "AE705", "AE706"}


def test_a_feed_that_nothing_takes_is_a_warning() -> None:
    assert only(feeds={"lattent": {"draw": "normal"}}).severity is Severity.WARNING


def test_what_grows_is_checked_at_every_size_it_will_have() -> None:
    recipe = toys.gan(grow={"painter.resolution": {"from": 4, "to": 16, "over": 100, "steps": 3}})
    assert check_training(check(recipe)) == []
    recipe["graphs"]["fooling"]["inputs"]["camera"] = "Camera"
    recipe["graphs"]["generate"]["outputs"]["image"] = {"from": "final", "type": "Image[B 3 4 4]"}
    (fault,) = check_training(check(recipe))
    assert fault.code == "AE708"
    assert "after 33 images, at painter.resolution = 8, the recipe no longer fits together" in str(fault)


def test_places_are_those_of_the_file(tmp_path: Any) -> None:
    text = Recipe.read(toys.gan()).to_yaml().replace("draw: normal", "draw: nrmal")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "nrmal" in line)
    path = toys.write_recipe(tmp_path, text)
    (fault,) = check_training(check(path))
    assert fault.where is not None
    assert (fault.code, fault.where.line) == ("AE107", line)
    assert text.splitlines()[line - 1][fault.where.column - 1 :].startswith("nrmal")


@pytest.mark.parametrize("name", ["tiny-train", "eg3d-ffhq512-train"])
def test_the_recipes_that_ship_are_sound(name: str) -> None:
    report = check(name)
    assert [*report.diagnostics, *check_training(report)] == []
