"""Who a seed is, where a camera stands, how values become pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aetherist.graphs.generate import Stage, latent_of_seed, to_pixels
from aetherist.graphs.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("tiny")


def test_a_seed_is_the_person_that_other_scripts_draw():
    assert np.array_equal(latent_of_seed(7, 512).numpy(), np.random.RandomState(7).randn(1, 512).astype(np.float32))


def test_the_stage_is_that_of_the_recipe(model):
    assert Stage.of(model) == Stage(2.7, (0.0, 0.0, 0.2), 4.2647)
    other = Model.build("tiny", overrides=["settings.camera_radius=1.7", "settings.camera_pivot=[0, 1, 2]"])
    assert Stage.of(other) == Stage(1.7, (0.0, 1.0, 2.0), 4.2647)


@pytest.mark.parametrize("setting", ["camera_radius=far", "camera_pivot=[1, 2]", "camera_focal=true"])
def test_a_stage_that_makes_no_sense_is_named(setting):
    with pytest.raises(ValueError, match=f"settings.{setting.partition('=')[0]} of tiny is .*; it should be a"):
        Stage.of(Model.build("tiny", overrides=[f"settings.{setting}"]))


@pytest.mark.parametrize(
    ("meaning", "values", "pixels", "scale"),
    [
        ("image.signed", [-1.0, 0.0, 1.0, 3.0], [0, 128, 255, 255], None),
        ("image.unit", [0.0, 0.5, 1.0, -3.0], [0, 128, 255, 0], None),
        ("mask.alpha", [0.0, 1.0, 0.25, 0.1], [0, 255, 64, 26], None),
        ("depth.ray", [2.0, 3.0, 2.5, 2.0], [255, 0, 128, 255], (3.0, 2.0)),
        (None, [1.0, 3.0, 2.0, 1.0], [0, 255, 128, 0], (1.0, 3.0)),
        ("depth.ray", [2.0, 2.0, 2.0, 2.0], [0, 0, 0, 0], (2.0, 2.0)),
    ],
)
def test_values_become_pixels_by_their_meaning(meaning, values, pixels, scale):
    made, told = to_pixels(torch.tensor(values).reshape(1, 2, 2), meaning)
    assert made.flatten().tolist() == pixels
    assert told == scale
