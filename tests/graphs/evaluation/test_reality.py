"""Which pictures of the data are compared."""

from __future__ import annotations

import pytest
import torch

from aetherist.graphs.evaluation.reality import Reality
from tests.data.helpers import plain_set, write_set
from tests.graphs.evaluation.spheres import balls_set


@pytest.fixture(scope="module")
def balls(tmp_path_factory: pytest.TempPathFactory) -> Reality:
    return Reality(balls_set(tmp_path_factory.mktemp("data") / "balls.zip", people=6, views=3), 32)


@pytest.fixture
def strangers(tmp_path) -> Reality:
    return Reality(write_set(tmp_path / "set", *plain_set(10)), 8)


def any_pair(first, second):
    return torch.ones(len(second), dtype=torch.bool)


def test_the_halves_have_no_person_in_common(balls):
    first, second = balls.halves(0)
    assert len(first) + len(second) == 18
    assert not set(balls.identities[first].tolist()) & set(balls.identities[second].tolist())


def test_each_person_comes_once_before_any_comes_twice(balls):
    order = balls.identities[balls.spread(torch.arange(18), 0, "test")]
    assert [sorted(part.tolist()) for part in order.split(6)] == [list(range(6))] * 3


def test_a_pair_is_of_one_person(balls):
    pairs = balls.pairs(100, 0, "test", any_pair)
    assert len(pairs) == 18
    assert (balls.identities[pairs[:, 0]] == balls.identities[pairs[:, 1]]).all()
    assert len(balls.identities[balls.pairs(6, 0, "test", any_pair)[:, 0]].unique()) == 6


def test_only_pairs_that_will_do_are_drawn(balls):
    pairs = balls.pairs(100, 0, "test", lambda a, b: balls.apart(a, b) < 15)
    assert 0 < len(pairs) < 18
    assert (balls.apart(pairs[:, 0], pairs[:, 1]) < 15).all()


def test_where_nobody_is_known_every_picture_is_of_somebody_else(strangers):
    assert not strangers.known
    assert not strangers.paired
    assert strangers.identities.tolist() == list(range(10))
    pairs = strangers.pairs(4, 0, "test", any_pair)
    assert pairs.shape == (4, 2)
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_pictures_are_reduced_but_never_enlarged(balls):
    assert Reality(balls.path, 16).resolution == 16
    assert Reality(balls.path, 512).resolution == 32
    assert next(Reality(balls.path, 16).pictures([0, 1], 4)).shape == (2, 3, 16, 16)


def test_latents_are_those_of_the_data_or_a_reason(balls, strangers):
    latents = balls.latents(4)
    assert latents.shape == (18, 4)
    assert "have 4 numbers, and the model takes 7" in balls.latents(7)
    assert "attributes.latent" in strangers.latents(4)


def test_views_come_with_depth_where_something_is(balls):
    view = next(balls.views(torch.tensor([0, 5]), 8))
    assert view.image.shape == (2, 3, 32, 32)
    assert (view.depth[view.mask] > 2.4).all()
    assert not view.mask.all()
