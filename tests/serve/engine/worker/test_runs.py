"""A graph is run step by step; what its steps give can be looked at."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from PIL import Image

from aetherist.core.errors import RecipeError
from aetherist.graphs.model import Model
from aetherist.serve.engine import RunGraph
from aetherist.serve.engine.messages import Settings
from aetherist.serve.engine.worker.runs import run_graph
from aetherist.serve.engine.worker.tokens import Cancelled, Token

ROOMY = Settings(0, 10**8, 10**12, 2**32)


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.build("tiny")


def ran(work: RunGraph, model: Model | None, token: Token | None = None) -> dict[str, Any]:
    return run_graph(work, token or Token(), model, "cpu", ROOMY)


def steps(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in run["steps"]}


def picture(output: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(output["picture"]))


def test_each_step_tells_its_time_its_memory_and_what_it_gives(tiny: Model) -> None:
    run = ran(RunGraph("show", model="tiny", seed=3), tiny)
    found = steps(run)
    assert list(found) == ["planes", "rays", "view", "final"]
    assert all(step["seconds"] > 0 and step["bytes"] >= step["output_bytes"] > 0 for step in found.values())
    planes = found["planes"]["outputs"][0]
    assert (planes["shape"], planes["dtype"], planes["finite"]) == ([1, 3, 8, 32, 32], "float32", True)
    assert picture(planes).size == (96, 32)
    assert {output["name"] for output in found["view"]["outputs"]} == {"image", "features", "depth", "alpha"}
    assert picture(found["final"]["outputs"][0]).size == (96, 96) or picture(found["final"]["outputs"][0]).width >= 64
    assert run["seconds"] == pytest.approx(sum(step["seconds"] for step in found.values()))


def test_it_shows_the_person_of_the_seed(tiny: Model) -> None:
    whole = ran(RunGraph("generate", model="tiny", seed=3), tiny)
    halves = ran(RunGraph("show", model="tiny", seed=3), tiny)
    other = ran(RunGraph("show", model="tiny", seed=4), tiny)
    final = [steps(run)["final"]["outputs"][0]["mean"] for run in (whole, halves, other)]
    assert final[0] == final[1] != final[2]


def test_it_runs_no_further_than_a_step(tiny: Model) -> None:
    assert list(steps(ran(RunGraph("show", model="tiny", until="rays"), tiny))) == ["rays"]


@pytest.mark.parametrize("graph", ["generate", "query", "map", "show", "field", "judge"])
def test_every_graph_finds_inputs(tiny: Model, graph: str) -> None:
    assert ran(RunGraph(graph, model="tiny", psi=0.5, yaw=0.2), tiny)["steps"]


def test_a_recipe_from_outside_gets_fresh_weights_where_it_needs_them() -> None:
    run = ran(RunGraph("show", text="extends: tiny"), None)
    assert [cost["graph"] for cost in run["costs"]] == ["show", "map"]
    again = ran(RunGraph("show", text="extends: tiny"), None)
    assert steps(run)["final"]["outputs"][0]["mean"] == steps(again)["final"]["outputs"][0]["mean"]


def test_what_is_not_there_is_named(tiny: Model) -> None:
    with pytest.raises(ValueError, match="no graph 'shew'; did you mean show"):
        ran(RunGraph("shew", model="tiny"), tiny)
    with pytest.raises(ValueError, match="no step 'plane'; did you mean planes"):
        ran(RunGraph("show", model="tiny", until="plane"), tiny)
    with pytest.raises(RecipeError):
        ran(RunGraph("show", text="extends: nothing-like-this"), None)


def test_it_ends_between_two_steps_when_nobody_waits() -> None:
    tiny = Model.build("tiny")
    told: list[str] = []
    token = Token(lambda _share, text: (told.append(text), token.cancel() if text == "running rays" else None)[0])
    with pytest.raises(Cancelled):
        ran(RunGraph("show", model="tiny"), tiny, token)
    assert "running view" not in told


def test_numbers_that_json_does_not_have_are_left_out() -> None:
    model = Model.build("tiny")
    with torch.no_grad():
        next(model.components["planes"].parameters()).fill_(float("nan"))
    planes = steps(ran(RunGraph("show", model="tiny", until="planes"), model))["planes"]["outputs"][0]
    assert (planes["finite"], planes["mean"]) == (False, None)
    assert picture(planes)
