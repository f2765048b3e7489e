"""Models are found in folders, and by the names of those that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.cli.main import run
from aetherist.core.errors import RecipeError
from aetherist.graphs import sources
from aetherist.graphs.model import Model
from aetherist.graphs.sources import model_folder, model_names

RECIPE = """\
name: small
components: {rays: {type: rays.pinhole, resolution: 4}}
graphs:
  aim:
    inputs: {camera: Camera}
    steps: {rays: {call: rays, with: {camera: camera}}}
    outputs: {origins: rays.origins}
"""


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that ships under the name of a recipe that is another."""
    (tmp_path / "small.yaml").write_text(RECIPE)
    folder = tmp_path / "models" / "tiny"
    Model.build(tmp_path / "small.yaml").save(folder)
    monkeypatch.setattr(sources, "shipped_models", lambda: tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_model_is_found_by_its_folder_and_by_its_name(shipped: Path) -> None:
    assert model_names() == ["tiny"]
    assert model_folder(shipped) == model_folder(str(shipped)) == model_folder("tiny") == shipped
    assert model_folder("small.yaml") is None
    assert model_folder("models") is None


def test_a_folder_here_has_precedence_over_what_ships(shipped: Path, tmp_path: Path) -> None:
    Model.build(tmp_path / "small.yaml").save(tmp_path / "tiny")
    assert model_folder("tiny") == Path("tiny")


def test_a_model_of_a_recipes_name_is_opened_and_the_recipe_is_built(shipped: Path) -> None:
    assert Model.open("tiny").recipe.name == "small"
    assert Model.open("tiny", overrides=["components.rays.resolution=8"]).components["rays"].config.resolution == 8
    with pytest.raises(ValueError, match="tiny is a model: its recipe is composed and has no profile 'wide'"):
        Model.open("tiny", profile="wide")


def test_what_is_neither_a_model_nor_a_recipe_is_answered_with_names_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("portrat", r"AE101  there is no model 'portrat'\n  did you mean portrait\?"),
        ("tinny", r"there is no model 'tinny'\n  did you mean tiny"),
        ("empty", r"the folder 'empty' is no model: it holds no manifest.json and no recipe.yaml"),
    ):
        with pytest.raises(RecipeError, match=words):
            Model.open(name)


def test_commands_that_run_take_the_model_and_those_that_check_the_recipe(
    shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["profile", "tiny", "--repeats", "1", "--device", "cpu"]) == 0
    assert "small: aim" in capsys.readouterr().out
    assert run(["show", "tiny"]) == 0
    assert "small enough for tests" in capsys.readouterr().out
