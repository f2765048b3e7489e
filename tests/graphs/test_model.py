"""Models: built from recipes, kept as folders, planned."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.core.errors import RecipeError, WeightsError
from aetherist.graphs import Model
from tests.core.parts import registry

RECIPE = """\
name: small
settings: {dim: 8}
components:
  mapping: {type: mapping.stylegan2, latent_dim: 4, camera_dim: 0, style_dim: "${settings.dim}", style_layers: 3}
  decoder: {type: decoder.softplus, channels: 8, hidden: 8, features: 4}
graphs:
  styles:
    inputs: {latent: "Latent[B 4]"}
    steps: {styles: {call: mapping, with: {latent: latent}}}
    outputs: {styles: styles}
  decode:
    inputs: {features: "PointFeatures[B N 8]"}
    steps: {point: {call: decoder, with: {features: features}}}
    outputs: {density: point.density, features: point.features}
profiles:
  wide: {settings: {dim: 16}}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def latents(rows: int = 2) -> torch.Tensor:
    return torch.randn(rows, 4, generator=torch.Generator().manual_seed(0))


def equal(one: Model, other: Model) -> bool:
    return all(
        torch.equal(tensor, other.components[name].state_dict()[key])
        for name, part in one.components.items()
        for key, tensor in part.state_dict().items()
    )


# Building -------------------------------------------------------------------------------------------------------------


def test_a_model_is_built_from_a_recipe_however_it_is_given(recipe: Path) -> None:
    models = [Model.build(recipe), Model.build(str(recipe)), Model.open(recipe)]
    assert all(equal(models[0], other) for other in models)
    assert list(models[0].components) == ["mapping", "decoder"]
    assert repr(models[0]) == "Model(small: mapping, decoder; graphs styles, decode)"


def test_the_same_seed_gives_the_same_weights_and_another_others(recipe: Path) -> None:
    torch.manual_seed(5)
    one = Model.build(recipe, seed=3)
    torch.manual_seed(6)
    assert equal(one, Model.build(recipe, seed=3))
    assert not equal(one, Model.build(recipe, seed=4))


def test_building_leaves_the_random_state_alone(recipe: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    Model.build(recipe)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_weights_of_a_component_depend_on_its_name_and_on_no_other_component() -> None:
    def weights(components: dict[str, Any]) -> dict[str, torch.Tensor]:
        model = Model.build({"components": components}, registry=registry)
        return {name: part.state_dict()["weight"] for name, part in model.components.items()}

    linear = {"type": "test.linear"}
    alone, first, last = (
        weights({"a": linear}),
        weights({"a": linear, "b": linear}),
        weights({"c": {"type": "test.linear", "width_in": 9}, "b": linear, "a": linear}),
    )
    assert torch.equal(alone["a"], first["a"])
    assert torch.equal(alone["a"], last["a"])
    assert torch.equal(first["b"], last["b"])
    assert not torch.equal(first["a"], first["b"])


def test_profiles_and_overrides_reach_the_components(recipe: Path) -> None:
    assert Model.build(recipe, profile="wide").components["mapping"].config.style_dim == 16
    assert Model.build(recipe, overrides=["settings.dim=12"]).components["mapping"].config.style_dim == 12


def test_a_recipe_at_fault_is_not_built() -> None:
    with pytest.raises(RecipeError, match=r"AE201"):
        Model.build({"components": {"a": {"type": "nothing.known"}}})


def test_a_component_that_cannot_be_built_is_a_fault_of_the_recipe() -> None:
    from aetherist.core import Component
    from aetherist.core.registry import Registry

    class Stubborn(Component):
        def __init__(self, config: Any) -> None:
            raise ValueError("not today")

        def forward(self, x: int) -> int:
            return x

    own = Registry()
    own.add("test.stubborn", Stubborn)
    with pytest.raises(RecipeError, match=r"AE401  test.stubborn cannot be built: not today") as caught:
        Model.build({"components": {"a": {"type": "test.stubborn"}}}, registry=own)
    assert isinstance(caught.value.__cause__, ValueError)


# Plans ----------------------------------------------------------------------------------------------------------------


def test_plans_run_in_evaluation_mode_and_are_pruned(recipe: Path) -> None:
    model = Model.build(recipe)
    plan = model.plan("decode", ["density"])
    assert not plan.training
    assert not model.components["decoder"].training
    results = plan(features=torch.zeros(2, 5, 8))
    assert {name: tuple(value.shape) for name, value in results.items()} == {"density": (2, 5, 1)}


def test_an_unknown_graph_or_output_is_answered_with_near_ones(recipe: Path) -> None:
    model = Model.build(recipe)
    with pytest.raises(ValueError, match=r"small has no graph 'style'; did you mean styles\?"):
        model.plan("style")
    with pytest.raises(ValueError, match=r"no output 'style'; did you mean styles\?"):
        model.plan("styles", ["style"])


def test_moving_a_model_moves_every_component(recipe: Path) -> None:
    model = Model.build(recipe)
    assert model.to(dtype=torch.float64) is model
    kinds = {tensor.dtype for part in model.components.values() for tensor in part.parameters()}
    assert kinds == {torch.float64}
    assert model.device == torch.device("cpu")


# Folders --------------------------------------------------------------------------------------------------------------


def test_a_model_is_saved_and_loaded_with_the_same_numbers(recipe: Path, tmp_path: Path) -> None:
    model = Model.build(recipe, seed=7, profile="wide")
    manifest = model.save(tmp_path / "model", metadata={"steps": 10})
    for loaded in (Model.load(tmp_path / "model"), Model.open(str(tmp_path / "model"), seed=99)):
        assert equal(model, loaded)
        assert loaded.manifest == manifest == model.manifest
        assert loaded.recipe.plain() == model.recipe.plain()
        assert loaded.recipe.digest == model.recipe.digest
        assert torch.equal(
            loaded.plan("styles")(latent=latents())["styles"], model.plan("styles")(latent=latents())["styles"]
        )


def test_a_loaded_model_saves_to_an_equal_folder(recipe: Path, tmp_path: Path) -> None:
    Model.build(recipe).save(tmp_path / "one")
    Model.load(tmp_path / "one").save(tmp_path / "two")
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_the_precision_of_a_model_is_kept(recipe: Path, tmp_path: Path) -> None:
    Model.build(recipe).to(dtype=torch.bfloat16).save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model")
    assert {p.dtype for part in loaded.components.values() for p in part.parameters()} == {torch.bfloat16}


def test_settings_that_hold_no_weights_can_be_overridden_and_others_are_named(recipe: Path, tmp_path: Path) -> None:
    Model.build(recipe).save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model", overrides=["name=renamed"])
    assert loaded.recipe.name == "renamed"
    with pytest.raises(WeightsError, match=r"AE604  decoder\.net\.0\.weight has the shape"):
        Model.load(tmp_path / "model", overrides=["components.decoder.hidden=16"])


def test_a_folder_with_a_changed_recipe_or_weight_is_refused(recipe: Path, tmp_path: Path) -> None:
    Model.build(recipe).save(tmp_path / "model")
    written = (tmp_path / "model" / "recipe.yaml").read_text()
    (tmp_path / "model" / "recipe.yaml").write_text(written.replace("small", "large"))
    with pytest.raises(WeightsError, match=r"AE602 .*recipe\.yaml"):
        Model.load(tmp_path / "model")
    (tmp_path / "model" / "recipe.yaml").write_text(written)
    (tmp_path / "model" / "decoder.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"AE602 .*decoder\.safetensors is damaged"):
        Model.open(tmp_path / "model")


@pytest.mark.parametrize("line", ["extends: /etc/passwd", "description: ${oc.env:HOME}"])
def test_the_recipe_of_a_model_folder_reads_nothing_else(recipe: Path, tmp_path: Path, line: str) -> None:
    """A folder may come from anywhere, its digests with it."""
    import hashlib
    import json

    folder = tmp_path / "model"
    Model.build(recipe).save(folder)
    text = f"{line}\n{(folder / 'recipe.yaml').read_text()}".replace("description: ''\n", "")
    (folder / "recipe.yaml").write_text(text)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["recipe_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RecipeError, match=r"AE112"):
        Model.load(folder)


def test_loading_opens_no_pickle_and_runs_nothing_of_the_folder(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a pickle was opened")

    Model.build(recipe).save(tmp_path / "model")
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr(os, "system", refuse)
    assert set(Model.load(tmp_path / "model").components) == {"mapping", "decoder"}


@pytest.mark.parametrize("source", ["nothing", "x" * 5000, "a\0b"])
def test_what_is_neither_a_model_nor_a_recipe_is_one_diagnostic(source: str) -> None:
    with pytest.raises(RecipeError, match=r"AE101"):
        Model.open(source)


def test_a_model_folder_has_no_profiles_left(recipe: Path, tmp_path: Path) -> None:
    Model.build(recipe).save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"has no profile 'wide'"):
        Model.open(tmp_path / "model", profile="wide")


def test_a_folder_that_exists_is_replaced_only_on_request(recipe: Path, tmp_path: Path) -> None:
    model = Model.build(recipe)
    model.save(tmp_path / "model")
    with pytest.raises(WeightsError, match=r"AE606"):
        model.save(tmp_path / "model")
    Model.build(recipe, seed=1).save(tmp_path / "model", overwrite=True)
    assert equal(Model.load(tmp_path / "model"), Model.build(recipe, seed=1))
