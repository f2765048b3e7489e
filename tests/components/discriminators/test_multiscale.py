"""The discriminators that judge one picture, at one size or at several."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import sway
from aetherist.components.discriminators import MultiScaleDiscriminator, SingleDiscriminator
from aetherist.core.check import check
from aetherist.core.recipe import Recipe

SMALL: dict[str, Any] = {"channel_base": 128, "channel_max": 8}


def pictures(resolution: int, seed: int = 0) -> Tensor:
    return torch.randn(4, 3, resolution, resolution, generator=torch.Generator().manual_seed(seed))


def test_every_scale_gives_a_logit_and_the_features_of_its_blocks() -> None:
    judged = MultiScaleDiscriminator.create(resolution=64, **SMALL)(pictures(64), sway(4).vector)
    assert judged.logits.shape == (4, 4)
    halves = [map_.shape[-1] for map_ in judged.features]
    assert halves == [32, 16, 8, 4, 16, 8, 4, 8, 4, 4]
    assert all(map_.shape[0] == 4 and map_.shape[2] == map_.shape[3] for map_ in judged.features)


def test_a_scale_sees_the_picture_made_smaller() -> None:
    judge = MultiScaleDiscriminator.create(resolution=32, scales=(4,), **SMALL)
    alone = SingleDiscriminator.create(resolution=8, **SMALL)
    alone.load_state_dict(judge.judges[0].state_dict())
    small = torch.nn.functional.interpolate(pictures(32), size=(8, 8), mode="bilinear", antialias=True)
    assert torch.equal(judge(pictures(32), sway(4).vector).logits, alone(small, sway(4).vector))


def test_detail_finer_than_a_scale_is_not_seen_by_it() -> None:
    judge = MultiScaleDiscriminator.create(resolution=32, scales=(1, 4), **SMALL)
    chequered = torch.ones(32, 32)
    chequered[::2, ::2] = chequered[1::2, 1::2] = -1
    plain = judge(pictures(32), sway(4).vector).features
    with_detail = judge(pictures(32) + 0.5 * chequered, sway(4).vector).features
    moved = [((a - b).norm() / a.norm()).item() for a, b in zip(plain, with_detail, strict=True)]
    assert moved[0] > 0.02
    assert moved[-1] < 0.01


@pytest.mark.parametrize("kind", [SingleDiscriminator, MultiScaleDiscriminator])
def test_the_camera_matters(kind: Any) -> None:
    judge = kind.create(resolution=64, mapping_lr_multiplier=1.0, **SMALL)
    first, second = (judge(pictures(64), camera) for camera in (sway(4).vector, sway(4).vector.flip(0)))
    if kind is MultiScaleDiscriminator:
        assert all(torch.equal(a, b) for a, b in zip(first.features, second.features, strict=True))
        first, second = first.logits, second.logits
    assert ((first - second).abs() > 1e-4).any(dim=0).all()


def test_a_conditioned_judge_asks_for_its_camera() -> None:
    with pytest.raises(ValueError, match=r"discriminator\.single: it is conditioned on a camera"):
        SingleDiscriminator.create(resolution=8, **SMALL)(pictures(8))
    assert SingleDiscriminator.create(resolution=8, camera_dim=0, **SMALL)(pictures(8)).shape == (4, 1)


def test_a_scale_that_leaves_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scale 8 of a picture of 32 leaves 4 pixels.*above 4"):
        MultiScaleDiscriminator.create(resolution=32)
    with pytest.raises(ValueError, match="scales is empty"):
        MultiScaleDiscriminator.create(scales=())


RECIPE = """
components:
  judge: {type: discriminator.multiscale, resolution: 32, scales: [1, 2], channel_base: 64}
graphs:
  verdict:
    inputs: {image: "Image[B 3 32 32]", camera: Camera}
    steps: {judged: {call: judge, with: {image: image, camera: camera}}}
    outputs: {logits: judged.logits, features: judged.features}
"""


def test_a_recipe_knows_how_many_logits_there_are() -> None:
    report = check(Recipe.read("judge.yaml", text=RECIPE), level="dry")
    report.raise_for_errors()
    types = report.graphs["verdict"].output_types
    assert str(types["logits"]) == 'Logits["B 2"]'
    assert str(types["features"]).startswith("list[FeatureMaps")
