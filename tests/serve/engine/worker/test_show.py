"""Pictures of many people at once are those of each alone, and what belongs to a person is computed once."""

from __future__ import annotations

import pytest
import torch

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.avatars.memory import Memory
from aetherist.serve.engine import Person, Picture
from aetherist.serve.engine.worker.people import People
from aetherist.serve.engine.worker.pictures import Rendered, camera_of, render, scaled
from aetherist.serve.engine.worker.show import Show
from aetherist.serve.engine.worker.tokens import Cancelled, Token


@pytest.fixture(scope="module")
def model() -> AvatarModel:
    return aetherist.load("tiny")


def batch(model: AvatarModel, works: list[Picture], show: Show, tokens: list[Token] | None = None) -> list[object]:
    given: dict[int, Rendered | Exception] = {}
    render(works, tokens or [Token() for _ in works], model, People(), show, given.__setitem__)
    return [given[place] for place in range(len(works))]


@pytest.mark.parametrize("output", ["image", "raw", "depth", "alpha"])
def test_rows_together_are_the_rows_alone(model: AvatarModel, output: str) -> None:
    works = [Picture("tiny", Person(seed=seed), yaw=seed / 5, output=output) for seed in (1, 2, 1)]
    together = batch(model, works, Show(model, Memory(2**20), together=True))
    alone = batch(model, works, Show(model, Memory(2**20), together=False))
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Rendered)
        assert isinstance(other, Rendered)
        assert (one.pixels.int() - other.pixels.int()).abs().max() <= 1


def test_each_alone_says_what_is_wrong_with_it(model: AvatarModel) -> None:
    bad = Picture("tiny", Person(seed=1), camera=(0.0,) * 25)
    good = Picture("tiny", Person(seed=1))
    first, second = batch(model, [good, bad], Show(model, together=True))
    assert isinstance(first, Rendered)
    assert isinstance(second, ValueError)


def test_planes_are_computed_once_a_person(model: AvatarModel) -> None:
    show = Show(model, Memory(2**20))
    batch(model, [Picture("tiny", Person(seed=seed), yaw=seed) for seed in (1, 2, 1, 1)], show)
    assert (show.counts.hits, show.counts.misses) == (2, 2)


def test_what_nobody_waits_for_is_not_rendered(model: AvatarModel) -> None:
    tokens = [Token(), Token()]
    tokens[0].cancel()
    works = [Picture("tiny", Person(seed=1)), Picture("tiny", Person(seed=2))]
    first, second = batch(model, works, Show(model), tokens)
    assert isinstance(first, Cancelled)
    assert isinstance(second, Rendered)


def test_cameras_are_the_model_s(model: AvatarModel) -> None:
    person = Person(seed=1)
    wide = camera_of(model, Picture("tiny", person, yaw=0.1, radius=3.0, fov=20.0))
    assert torch.equal(wide, model.camera(0.1, 0.0, radius=3.0, fov=20.0).vector)
    assert torch.equal(camera_of(model, Picture("tiny", person, camera=tuple(wide.tolist()))), wide)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_scaled_by_their_longest_side(channels: int) -> None:
    pixels = torch.full((channels, 8, 16), 200, dtype=torch.uint8)
    small = scaled(pixels, 4)
    assert (small.shape, small.dtype, int(small.min())) == ((channels, 2, 4), torch.uint8, 200)
    assert scaled(pixels, None) is pixels
