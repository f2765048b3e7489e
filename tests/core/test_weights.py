"""Model folders: whole or absent, checked when read, and free of pickle."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from aetherist.core import Component, WeightsError
from aetherist.core import weights as module_under_test
from aetherist.core.recipe import Recipe
from aetherist.core.weights import (
    MANIFEST_FILE,
    RECIPE_FILE,
    Manifest,
    load_weights,
    read_manifest,
    read_recipe,
    save_model,
    state_problems,
)
from tests.core.parts import Linear

RECIPE = Recipe.read("r.yaml", text="name: small\ncomponents: {one: {type: test.linear}, two: {type: test.linear}}\n")


class Everything(Component):
    """State of every kind."""

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.small = nn.Parameter(torch.randn(3, 2).half())
        self.brain = nn.Parameter(torch.randn(2).bfloat16())
        self.tied = nn.Parameter(torch.randn(2, 3))
        self.again = self.tied
        self.register_buffer("view", torch.randn(4, 6).t()[1:, ::2])
        self.register_buffer("count", torch.tensor(7))
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("empty", torch.zeros(0, 3))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x


class Silent(Component):
    """No state at all."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def parts(seed: int = 0) -> dict[str, nn.Module]:
    torch.manual_seed(seed)
    return {"one": Everything(), "two": Linear.create(), "three": Silent()}


def states(components: dict[str, nn.Module]) -> dict[str, Tensor]:
    return {f"{name}.{key}": value for name, part in components.items() for key, value in part.state_dict().items()}


def equal(left: dict[str, nn.Module], right: dict[str, nn.Module]) -> bool:
    one, other = states(left), states(right)
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", RECIPE, parts(), metadata={"from": "a test"})
    return tmp_path / "model"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / MANIFEST_FILE
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


# Round trips ----------------------------------------------------------------------------------------------------------


def test_what_is_loaded_equals_what_was_saved_bit_by_bit(saved: Path) -> None:
    fresh = parts(seed=1)
    assert not equal(fresh, parts())
    load_weights(saved, fresh)
    assert equal(fresh, parts())


def test_tied_parameters_stay_tied(saved: Path) -> None:
    fresh = parts(seed=1)
    load_weights(saved, fresh)
    one = fresh["one"]
    assert isinstance(one, Everything)
    assert one.tied is one.again


def test_the_precision_in_which_tensors_were_saved_is_kept(tmp_path: Path) -> None:
    halved = {"two": Linear.create().half()}
    save_model(tmp_path / "m", RECIPE, halved)
    fresh: dict[str, nn.Module] = {"two": Linear.create()}
    parameter = fresh["two"].weight
    load_weights(tmp_path / "m", fresh)
    assert equal(fresh, halved)
    assert fresh["two"].weight is parameter, "the parameter is the same object, for optimisers and hooks"


def test_a_compact_model_is_half_the_size_and_computes_in_full_precision(tmp_path: Path) -> None:
    full = {"two": Linear.create()}
    save_model(tmp_path / "m", RECIPE, full, compact=True)
    assert load_file(tmp_path / "m" / "two.safetensors")["weight"].dtype is torch.float16
    fresh: dict[str, nn.Module] = {"two": Linear.create()}
    manifest = load_weights(tmp_path / "m", fresh)
    assert manifest.components["two"].compact
    weight = fresh["two"].weight
    assert weight.dtype is torch.float32
    assert torch.equal(weight, full["two"].weight.half().float())


def test_a_folder_holds_a_recipe_a_file_a_component_and_a_manifest(saved: Path) -> None:
    assert set(contents(saved)) == {"recipe.yaml", "manifest.json", "one.safetensors", "two.safetensors"}
    assert Recipe.read(saved).plain() == RECIPE.plain()
    assert set(load_file(saved / "two.safetensors")) == {"weight", "scale"}


def test_the_manifest_says_what_the_model_is_made_of(saved: Path) -> None:
    manifest = read_manifest(saved)
    assert (manifest.format, manifest.name, manifest.metadata) == (1, "small", {"from": "a test"})
    two, three = manifest.components["two"], manifest.components["three"]
    assert (two.type, two.tensors, two.parameters) == ("test.linear", 2, 16)
    assert (three.file, three.sha256, three.tensors) == (None, None, 0)
    assert two.sha256 is not None
    assert re.fullmatch("[0-9a-f]{64}", two.sha256)


def test_equal_models_have_equal_folders_and_digests(saved: Path, tmp_path: Path) -> None:
    again = save_model(tmp_path / "again", RECIPE, parts(), metadata={"from": "a test"})
    assert contents(saved) == contents(tmp_path / "again")
    assert again.digest == read_manifest(saved).digest
    other = save_model(tmp_path / "other", RECIPE, parts(seed=1))
    assert other.digest != again.digest


def test_parents_of_the_folder_are_made(tmp_path: Path) -> None:
    save_model(tmp_path / "a" / "b" / "model", RECIPE, parts())
    assert read_manifest(tmp_path / "a" / "b" / "model").name == "small"


# Whole or absent ------------------------------------------------------------------------------------------------------


def test_a_folder_that_exists_is_replaced_only_on_request(saved: Path) -> None:
    before = contents(saved)
    with pytest.raises(WeightsError, match=r"AE606 .* exists"):
        save_model(saved, RECIPE, parts(seed=1))
    assert contents(saved) == before
    save_model(saved, RECIPE, {"two": Linear.create()}, overwrite=True)
    assert "one.safetensors" not in contents(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("make", ["folder", "file"])
def test_what_is_no_model_is_never_replaced(tmp_path: Path, make: str) -> None:
    place = tmp_path / "holiday"
    if make == "folder":
        place.mkdir()
        (place / "photo.png").write_bytes(b"beach")
    else:
        place.write_bytes(b"beach")
    with pytest.raises(WeightsError, match=r"AE606 .* is no model"):
        save_model(place, RECIPE, parts(), overwrite=True)
    assert place.is_file() or contents(place) == {"photo.png": b"beach"}


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", RECIPE, parts(), overwrite=True)
    assert read_manifest(tmp_path / "model").name == "small"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("step", ["save_file", "_flush", "_digest", "_move_into_place", "read"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_while_writing_leaves_the_old_model_whole_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, step: str, exists: bool
) -> None:
    folder = tmp_path / "model"
    if exists:
        save_model(folder, RECIPE, parts())
    before = contents(folder)

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    with monkeypatch.context() as patched:
        if step == "read":
            patched.setattr(Recipe, "to_yaml", fail)
        else:
            patched.setattr(module_under_test, step, fail)
        with pytest.raises(type(error)):
            save_model(folder, RECIPE, parts(seed=1), overwrite=True)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == (["model"] if exists else [])


@pytest.mark.parametrize("error", [OSError("busy"), KeyboardInterrupt()])
@pytest.mark.parametrize("failing", [1, 2])
def test_a_failure_while_moving_puts_the_old_model_back(
    saved: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, failing: int
) -> None:
    before, rename, count = contents(saved), Path.rename, [0]

    def flaky(self: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] == failing:
            raise error
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", flaky)
        with pytest.raises(type(error)):
            save_model(saved, RECIPE, parts(seed=1), overwrite=True)
    assert contents(saved) == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_readers_meet_one_whole_model_or_the_other(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    write = module_under_test._write

    def watched(*args: Any) -> Manifest:
        manifest = write(*args)
        fresh = parts(seed=2)
        load_weights(saved, fresh)
        seen.append(equal(fresh, parts()))
        return manifest

    monkeypatch.setattr(module_under_test, "_write", watched)
    save_model(saved, RECIPE, parts(seed=1), overwrite=True)
    fresh = parts(seed=2)
    load_weights(saved, fresh)
    assert seen == [True], "while the new one is written, the old one is there"
    assert equal(fresh, parts(seed=1))


# Damage ---------------------------------------------------------------------------------------------------------------


def loading_error(folder: Path, components: dict[str, nn.Module] | None = None) -> str:
    components = components or parts(seed=1)
    before = {key: value.clone() for key, value in states(components).items()}
    with pytest.raises(WeightsError) as caught:
        load_weights(folder, components)
    after = states(components)
    assert all(torch.equal(before[key], after[key]) for key in before), "nothing is loaded then"
    return str(caught.value)


@pytest.mark.parametrize("position", [0, 8, 100, -1])
def test_a_damaged_byte_is_found(saved: Path, position: int) -> None:
    path = saved / "one.safetensors"
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    assert "AE602" in loading_error(saved)
    assert "one.safetensors is damaged" in loading_error(saved)


def test_a_cut_or_missing_file_is_found(saved: Path) -> None:
    path = saved / "one.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    assert "AE602" in loading_error(saved)
    path.unlink()
    assert "cannot be read: No such file" in loading_error(saved)


def test_a_file_that_is_no_safetensors_is_refused_even_if_its_digest_is_right(saved: Path) -> None:
    path = saved / "one.safetensors"
    path.write_bytes(pickle.dumps({"weight": torch.ones(2)}))
    rewrite(saved, lambda data: data["components"]["one"].update(sha256=module_under_test._digest(path)))
    assert "AE602" in loading_error(saved)
    assert "is no safetensors file" in loading_error(saved)


def test_a_recipe_that_was_changed_is_found(saved: Path) -> None:
    manifest = read_manifest(saved)
    assert read_recipe(saved, manifest) == (saved / RECIPE_FILE).read_text()
    (saved / RECIPE_FILE).write_text("name: other\n")
    with pytest.raises(WeightsError, match=r"AE602 .*recipe\.yaml is not what the model was saved with"):
        read_recipe(saved, manifest)
    (saved / RECIPE_FILE).unlink()
    with pytest.raises(WeightsError, match=r"AE602 .*cannot be read"):
        read_recipe(saved, manifest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "[" * 100_000,
        '{"format": 1}',
        '{"format": 1, "name": "x", "recipe_sha256": "y", "components": 3}',
    ],
)
def test_a_manifest_that_is_none_is_refused(saved: Path, text: str) -> None:
    (saved / MANIFEST_FILE).write_text(text)
    with pytest.raises(WeightsError, match=r"AE60[15]"):
        read_manifest(saved)


def test_a_manifest_of_another_kind_of_text_is_refused(saved: Path) -> None:
    (saved / MANIFEST_FILE).write_bytes(b'{"name": "\xff"}')
    with pytest.raises(WeightsError, match=r"AE601"):
        read_manifest(saved)
    with (saved / MANIFEST_FILE).open("wb") as file:
        file.truncate(module_under_test.MAX_MANIFEST + 1)
    with pytest.raises(WeightsError, match=r"AE601 .*larger than"):
        read_manifest(saved)


def test_a_folder_without_a_manifest_is_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(WeightsError, match=r"AE601 .*is no model folder"):
            read_manifest(folder)


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_a_format_that_is_not_ours_is_refused(saved: Path, version: Any) -> None:
    rewrite(saved, lambda data: data.update(format=version))
    with pytest.raises(WeightsError, match=r"AE605 .*reads format 1"):
        read_manifest(saved)


@pytest.mark.parametrize(
    "file",
    ["../one.safetensors", "/etc/passwd", "a/b.safetensors", "one.pt", ".safetensors", "one.safetensors\n", "", 3],
)
def test_a_file_name_that_leaves_the_folder_is_refused(saved: Path, file: Any) -> None:
    rewrite(saved, lambda data: data["components"]["one"].update(file=file))
    with pytest.raises(WeightsError, match=r"AE601 .*components.one.file"):
        read_manifest(saved)


# Tensors --------------------------------------------------------------------------------------------------------------


def replace(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Change the tensors of component ``two``, and its digest with them."""
    path = folder / "two.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    rewrite(folder, lambda data: data["components"]["two"].update(sha256=module_under_test._digest(path)))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda t: t.pop("weight"), "AE603  two.weight is missing; it should have the shape (4, 4)"),
        (lambda t: t.update(bias=torch.ones(3)), "AE603  two.bias belongs to nothing in the component"),
        (lambda t: t.update(weight=torch.ones(4, 5)), "AE604  two.weight has the shape (4, 5); it should have (4, 4)"),
        (lambda t: t.update(scale=torch.ones(1)), "AE604  two.scale has the shape (1,); it should have ()"),
        (
            lambda t: t.update(weight=torch.ones(4, 4, dtype=torch.int64)),
            "AE604  two.weight holds int64; it should hold real numbers",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named_with_what_is_expected(saved: Path, change: Any, line: str) -> None:
    replace(saved, change)
    assert loading_error(saved) == line


def test_all_tensors_that_do_not_fit_are_named_at_once(saved: Path) -> None:
    replace(saved, lambda t: (t.pop("weight"), t.update(bias=torch.ones(1))))
    assert loading_error(saved).count("AE603") == 2


def test_a_component_that_the_model_lacks_is_named(saved: Path) -> None:
    assert loading_error(saved, {"four": Linear.create()}) == "AE603  the model has no component 'four'"


def test_a_component_without_a_file_must_have_no_tensors(saved: Path) -> None:
    assert "two.weight is missing" in "".join(state_problems("two", Linear.create(), {}))
    rewrite(saved, lambda data: data["components"]["two"].update(file=None))
    assert "AE603  two.weight is missing" in loading_error(saved)


def test_no_pickle_is_opened(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    fresh = parts(seed=1)
    load_weights(saved, fresh)
    assert equal(fresh, parts())


def test_the_digest_before_saving_is_the_manifests_after(tmp_path: Path) -> None:
    from aetherist.core.weights import model_digest
    from aetherist.graphs.model import Model

    model = Model.build("tiny")
    before = model_digest(model.recipe, model.components)
    assert model.save(tmp_path / "model").digest == before
    again = Model.load(tmp_path / "model")
    assert model_digest(again.recipe, again.components) == before
    assert model_digest(model.recipe, Model.build("tiny", seed=1).components) != before
