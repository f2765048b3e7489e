"""``aetherist describe`` and ``aetherist profile``: tables for people, JSON for programs."""

from __future__ import annotations

import json

import pytest


def test_describe_prints_a_table(cli):
    result = cli("describe", "tiny", "-g", "query", "-b", 2, "--size", "N=100")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "tiny: query  (B = 2, N = 100)"
    assert lines[2].split() == ["step", "component", "outputs", "parameters", "FLOPs", "memory"]
    assert lines[3].startswith("styles  mapping.stylegan2       Styles[B 8 32]")
    assert lines[5].startswith("field   renderer.volume: query  density[B N 1]")
    assert lines[6].split() == ["features[B", "N", "8]"]
    assert lines[7].startswith("total")
    assert lines[-1] == "other graphs: generate, map, show, field, judge (--graph)"
    assert not any(line.endswith(" ") for line in lines)


def test_describe_as_json(cli):
    cost = json.loads(cli("describe", "tiny", "--format", "json").out)
    assert [step["name"] for step in cost["steps"]] == ["styles", "planes", "rays", "view", "final"]
    assert cost["parameters"] == sum(step["parameters"] for step in cost["steps"])
    assert cost["flops"] == sum(step["flops"] for step in cost["steps"]) > 0


@pytest.mark.parametrize(
    ("size", "words"), [("N", "write NAME=NUMBER"), ("N=0", "write NAME=NUMBER"), ("Q=3", "leaves no axis 'Q' open")]
)
def test_a_size_that_makes_no_sense(cli, size, words):
    result = cli("describe", "tiny", "--size", size)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_profile_prints_a_table(cli, model_folder):
    result = cli("profile", model_folder, "--repeats", 1, "--device", "cpu")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith("tiny: generate  (B = 1, cpu, ")
    assert [line.split()[0] for line in lines[3:8]] == ["styles", "planes", "rays", "view", "final"]
    assert lines[8].startswith("whole graph")
    assert lines[-1] == "median of 1 run after one to warm up"


def test_profile_as_json_and_of_a_recipe(cli):
    result = cli("profile", "tiny", "-g", "query", "--repeats", 2, "--format", "json", "--device", "cpu")
    assert "its weights are fresh" in result.err
    measured = json.loads(result.out)
    assert all(step["seconds"] > 0 for step in measured["steps"])
    assert measured["peak_bytes"] >= max(step["peak_bytes"] for step in measured["steps"][1:]) > 0
