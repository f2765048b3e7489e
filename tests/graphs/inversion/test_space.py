"""Where styles lie."""

from __future__ import annotations

import pytest
import torch

from aetherist.graphs.generate import latent_of_seed
from aetherist.graphs.inversion import StyleSpace
from aetherist.graphs.model import Model


def test_people_of_seeds_are_standard_normal_in_it(model, space):
    plan = model.plan("map", ["styles"])
    pose = torch.zeros(1, 25) + torch.tensor(_frontal(model))
    styles = torch.cat([plan(latent=latent_of_seed(seed, 32), pose=pose)["styles"] for seed in range(300)])
    found = space.coordinates(styles.detach())[:, 0]
    assert found.mean(dim=0).abs().max() < 0.25
    assert found.square().mean() == pytest.approx(1.0, abs=0.1)


def _frontal(model):
    from aetherist.graphs.generate import Stage

    return Stage.of(model).camera().tolist()


def test_coordinates_and_styles_are_each_others_inverse(space):
    coordinates = space.draw(3, seed=1)
    assert torch.allclose(space.coordinates(space.styles(coordinates[0])), coordinates[0].expand(8, -1), atol=1e-3)
    apart = torch.randn(space.layers, space.size, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(space.coordinates(space.styles(apart)), apart, atol=1e-3)


def test_the_origin_is_the_average_and_the_first_axis_the_longest(space):
    assert torch.equal(space.styles(torch.zeros(space.size)), space.mean)
    lengths = space.axes.norm(dim=1)
    assert (lengths[:-1] >= lengths[1:]).all()


def test_the_same_seed_gives_the_same_space(model, space):
    again = StyleSpace.of(model)
    assert torch.equal(again.axes, space.axes)
    assert torch.equal(again.mean, space.mean)


def test_a_model_that_shows_one_person_only_is_refused():
    model = Model.build("tiny")
    with torch.no_grad():
        for parameter in model.components["mapping"].parameters():
            parameter.zero_()
    with pytest.raises(ValueError, match="do not vary"):
        StyleSpace.of(model)
