from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import aetherist
from aetherist.cli.main import run
from aetherist.components.styles import DirectionSet
from aetherist.export import decode_picture, read_metadata
from tests.graphs.styles.world import known_people, small_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small"
    small_model().save(path)
    return path


@pytest.fixture(scope="module")
def data(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return known_people(tmp_path_factory.mktemp("data") / "people", small_model(), count=60)


@pytest.fixture(scope="module")
def learned(folder: Path, data: Path) -> Path:
    """Directions, learned and measured, in the model's folder."""
    out = folder / "directions.safetensors"
    words = ["styles", "learn", str(folder), "--data", str(data), "--attributes", "age,ethnicity", "--out", str(out)]
    words += ["--measure", "0-7", "--strengths", "-1,1", "--regressor", str(folder.parent / "reader.safetensors")]
    words += ["--pictures", str(folder.parent / "strips"), "--device", "cpu"]
    assert run(words) == 0
    return out


def test_one_command_learns_measures_and_shows(learned: Path, folder: Path) -> None:
    found = DirectionSet.load(learned)
    assert found.names == ("age", "ethnicity.asian", "ethnicity.european")
    assert found.about["measured"]["people"] == 8
    assert found["age"].quality.keys() >= {"r2", "response", "monotonic", "leak"}
    strip = folder.parent / "strips" / "ethnicity.asian.png"
    assert decode_picture(strip).shape == (3, 3 * 32, 3 * 32)
    assert read_metadata(strip)["strengths"] == [-1, 0, 1]


def test_a_model_finds_the_directions_in_its_folder(learned: Path, folder: Path) -> None:
    avatar = aetherist.load(folder).avatar(7)
    edited = avatar.edit({"age": 0.1, "ethnicity": {"asian": 0.7}}, beyond="allow")
    assert not torch.equal(edited.styles, avatar.styles)


def test_they_are_listed(learned: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["styles", "show", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "3 directions of tiny" in printed
    assert "20 years older" in printed
    assert "learned by method linear, source latents, people 60" in printed
    assert run(["styles", "show", str(learned), "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("| direction | strength 1 |")
    assert run(["styles", "show", str(learned), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["directions"][0]["name"] == "age"


def test_they_are_measured_again(
    learned: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["styles", "evaluate", str(folder), "--regressor", str(folder.parent / "reader.safetensors")]
    words += ["--seeds", "0-7", "--strengths", "-1,1", "--device", "cpu", "--save", str(tmp_path / "d.safetensors")]
    assert run([*words, "--out", str(tmp_path / "d.json")]) == 0
    printed = capsys.readouterr()
    assert "age is read with a mean error of" in printed.out
    assert "8 people are few" in printed.err
    told = json.loads((tmp_path / "d.json").read_text())
    assert [effect["name"] for effect in told["effects"]] == ["age", "ethnicity.asian", "ethnicity.european"]
    assert DirectionSet.load(tmp_path / "d.safetensors").about["measured"]["people"] == 8


def test_directions_without_data(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "sefa.safetensors"
    words = ["styles", "learn", str(folder), "--method", "sefa", "--count", "2", "--layers", "0-1,3", "--out", str(out)]
    assert run([*words, "--device", "cpu"]) == 0
    assert DirectionSet.load(out)["sefa2"].layers == (0, 1, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (lambda model, _: ["learn", model], "learns from labelled data; name a data set, or use sefa or pca"),
        (lambda model, data: ["learn", model, "--data", data, "--attributes", "agee"], "did you mean age?"),
        (lambda model, _: ["learn", model, "--method", "pca", "--layers", "99"], "there is no layer 99"),
        (lambda model, _: ["learn", model, "--method", "pca", "--layers", "x"], "--layers x: 'x' is no layer"),
        (lambda model, _: ["learn", model, "--out", "nowhere/d.safetensors"], "there is no folder nowhere"),
        (lambda model, _: ["evaluate", model], "--data: name labelled pictures to learn to read attributes from"),
        (lambda *_: ["evaluate", "tiny"], "tiny has no directions.safetensors"),
        (lambda *_: ["show", "tiny"], "tiny has no directions.safetensors; 'aetherist styles learn' makes it"),
    ],
)
def test_what_cannot_be_done_is_said(
    learned: Path,
    folder: Path,
    data: Path,
    words: Callable[[str, str], list[str]],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["styles", *words(str(folder), str(data))]) == 2
    assert said in capsys.readouterr().err


def test_directions_of_another_model_are_refused(
    learned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    small_model(seed=1).save(tmp_path / "other")
    words = ["styles", "evaluate", str(tmp_path / "other"), "--directions", str(learned)]
    assert run(words) == 2
    assert "the directions belong to another model: to tiny with the digest" in capsys.readouterr().err
