"""Views: named ones are the same for all, drawn ones depend on the item alone."""

from __future__ import annotations

import json
import math

import pytest
import torch

from aetherist.batch import DrawnViews
from aetherist.batch.views import angles_of
from aetherist.components.cameras import Cameras
from aetherist.graphs.generate import Stage
from tests.batch.helpers import TWO


def test_named_views_are_the_same_for_all() -> None:
    assert TWO.count == 2
    assert torch.equal(TWO.of(3), TWO.of(4))
    assert angles_of(TWO.of(3)) == [(-0.3, 0.0), (0.3, 0.1)]


@pytest.mark.parametrize("law", ["gaussian", "uniform", "sphere"])
def test_drawn_views_depend_on_the_key_and_the_seed(law) -> None:
    views = DrawnViews(law, Stage(), 3)
    assert views.of(7).shape == (3, 25)
    assert torch.equal(views.of(7), DrawnViews(law, Stage(), 3).of(7))
    assert not torch.equal(views.of(7), views.of(8))
    assert not torch.equal(views.of(7), DrawnViews(law, Stage(), 3, seed=1).of(7))
    radius = Cameras.from_vector(views.of(7)).position.norm(dim=-1)
    assert torch.allclose(radius, torch.full((3,), Stage().radius))


def test_drawn_views_spread_as_asked() -> None:
    views = DrawnViews("gaussian", Stage(), yaw=0.5, pitch=0.1)
    angles = torch.tensor([angles_of(views.of(key))[0] for key in range(400)])
    assert angles.std(dim=0).tolist() == pytest.approx([0.5, 0.1], rel=0.15)
    even = DrawnViews("uniform", Stage(), yaw=0.5, pitch=0.1)
    angles = torch.tensor([angles_of(even.of(key))[0] for key in range(100)])
    assert (angles.abs() <= torch.tensor([0.5, 0.1]) + 1e-6).all()
    assert angles[:, 0].abs().max() > 0.45
    around = DrawnViews("sphere", Stage())
    assert max(abs(angles_of(around.of(key))[0][0]) for key in range(50)) > math.pi / 2


@pytest.mark.parametrize("views", [TWO, DrawnViews("uniform", Stage(), 2)])
def test_what_determines_them_is_plain_data(views) -> None:
    facts = views.facts()
    assert json.loads(json.dumps(facts)).keys() == facts.keys()
