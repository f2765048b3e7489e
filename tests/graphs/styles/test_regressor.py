"""Attributes read off pictures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from aetherist.components.cameras import camera_from_angles
from aetherist.graphs.styles import AttributeRegressor, Learning, learn, load_regressor, save_regressor, train_regressor
from tests.data.helpers import write_set
from tests.graphs.styles.world import small_model


def square(level: float) -> np.ndarray:
    """Return a picture of a square whose brightness is between 0 and 1."""
    pixels = np.full((64, 64, 3), 90, np.uint8)
    pixels[16:48, 16:48] = round(40 + 200 * level)
    return pixels


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two views of each of 80 people whose age is how bright they are; the second is from behind for half of them."""
    random = np.random.default_rng(0)
    index: dict[str, Any] = {"labels": [], "attributes": {}}
    files = {}
    for number in range(80):
        level = random.random()
        for view in range(2):
            name = f"images/{number:03d}_{view}.png"
            buffer = BytesIO()
            Image.fromarray(square(level)).save(buffer, "png")
            files[name] = buffer.getvalue()
            yaw = 2.5 if view and number % 2 else 0.2 * view
            index["labels"].append([name, camera_from_angles(yaw, 0.0).tolist()])
            index["attributes"][name] = {"identity": number, "age": 20 + 60 * level}
    return write_set(tmp_path_factory.mktemp("data") / "squares", index, files)


@pytest.fixture(scope="module")
def regressor(data: Path) -> AttributeRegressor:
    return train_regressor(data, ["age"], epochs=10)


def test_it_learns_and_says_how_well(regressor: AttributeRegressor) -> None:
    (age,) = regressor.targets
    assert age.error < 0.5 * age.guessing
    assert age.r2 > 0.7
    assert 0.5 < age.slope < 1.3
    assert regressor.people == (64, 16)
    assert (age.step, age.unit) == (20.0, "20 years older")
    assert regressor.describe()[0].startswith("age: off by ")
    images = torch.stack([torch.from_numpy(square(level)).movedim(-1, 0) / 127.5 - 1 for level in (0.2, 0.8)])
    young, old = regressor(images)[:, 0].tolist()
    assert old - young > 20


def test_it_reads_pictures_of_any_size(regressor: AttributeRegressor) -> None:
    assert regressor(torch.zeros(2, 3, 32, 32)).shape == (2, 1)
    assert regressor(torch.zeros(1, 3, 128, 128)).dtype == torch.float64


def test_a_file_brings_it_back(regressor: AttributeRegressor, tmp_path: Path) -> None:
    save_regressor(regressor, tmp_path / "r.safetensors")
    loaded = load_regressor(tmp_path / "r.safetensors")
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(loaded(images), regressor(images))
    assert loaded.targets == regressor.targets
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="is no regressor of attributes"):
        load_regressor(tmp_path / "other.safetensors")


def test_directions_are_learned_from_what_is_read_off_the_models_own_pictures(regressor: AttributeRegressor) -> None:
    model = small_model()
    made = learn(model, settings=Learning(("age",), samples=64), regressor=regressor)
    assert made.names == ("age",)
    assert made.about["learned"]["source"] == "pictures"
    assert made.about["learned"]["regressor"]["targets"][0]["name"] == "age"
    with pytest.raises(ValueError, match="the regressor does not read 'smile'; it reads age"):
        learn(model, settings=Learning(("smile",), samples=64), regressor=regressor)


def test_networks_that_are_not_there_are_named(data: Path) -> None:
    with pytest.raises(ValueError, match="'inceptoin' is no file and no network"):
        train_regressor(data, ["age"], eyes="inceptoin")
