"""Pixel distances, the smoothness of density, and the sum of it all."""

from __future__ import annotations

import pytest
import torch

from aetherist.components import losses
from aetherist.components.ops import PointLattice, PointPairsAtRandom
from aetherist.core.check import check
from aetherist.core.recipe import Recipe
from aetherist.graphs.model import Model


def test_l1_is_the_mean_absolute_difference() -> None:
    picture = torch.randn(2, 3, 4, 4)
    assert losses.L1.create()(picture, picture) == 0
    assert losses.L1.create()(picture, picture + 0.25).item() == pytest.approx(0.25)


def test_l1_compares_like_with_like_alone() -> None:
    recipe = """
components: {l1: {type: loss.l1}}
graphs:
  unlike:
    inputs: {image: Image, unit: ImageUnit}
    steps: {loss: {call: l1, with: {value: image, target: unit}}}
    outputs: {loss: loss}
"""
    assert [d.code for d in check(Recipe.read("unlike.yaml", text=recipe)).diagnostics] == ["AE203"]


def test_depth_counts_within_the_mask_alone() -> None:
    depth, target, mask = torch.full((1, 1, 2, 2), 2.5), torch.full((1, 1, 2, 2), 2.7), torch.zeros(1, 1, 2, 2)
    target[..., 0, 0] = 99.0
    mask[..., 1, :] = 1.0
    loss = losses.DepthLoss.create()
    assert loss(depth, target, mask).item() == pytest.approx(0.2)
    assert loss(depth, target).item() > 20
    assert loss(depth, target, torch.zeros_like(mask)) == 0


@pytest.mark.parametrize("distance", ["l1", "bce"])
def test_a_mask_is_matched(distance: str) -> None:
    loss, target = losses.MaskLoss.create(distance=distance), torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    assert loss(target, target) == 0
    assert loss(target * 0.8 + 0.1, target) < loss(target * 0.5 + 0.25, target)
    assert loss(target * 1.00001, target).isfinite()


def test_a_constant_field_is_smooth_and_an_edge_is_not() -> None:
    pairs, lattice = PointPairsAtRandom.create(distance=0.1), PointLattice.create(resolution=8)
    smooth, tv = losses.DensitySmoothness.create(), losses.DensityTV.create(resolution=8)
    points, neighbours = pairs(torch.arange(2))
    grid = lattice(torch.arange(2))
    for steep in (0.0, 1.0, 3.0):
        at = [steep * (x[..., :1] > 0).float() for x in (points, neighbours, grid)]
        values = torch.stack([smooth(at[0], at[1]), tv(at[2])])
        # An edge as high as ``steep`` across one of the axes: one step in seven, everywhere else none.
        assert values[1].item() == pytest.approx(steep / 7)
        assert values[0].item() == pytest.approx(steep * 0.04, rel=0.2)


def test_neighbours_are_as_far_as_asked() -> None:
    points, neighbours = PointPairsAtRandom.create(count=4000, extent=0.5, distance=0.004)(torch.tensor([3]))
    assert points.abs().max() <= 0.5
    assert points.std().item() == pytest.approx(0.5 / 3**0.5, rel=0.03)
    assert (neighbours - points).std().item() == pytest.approx(0.004, rel=0.03)


def test_points_depend_on_their_seed_alone() -> None:
    for component in (PointPairsAtRandom.create(count=7), PointLattice.create(resolution=3)):
        many, one = component(torch.tensor([5, 9])), component(torch.tensor([9]))
        many, one = (x if isinstance(x, torch.Tensor) else torch.cat(list(x), dim=1) for x in (many, one))
        assert torch.equal(many[1:], one)
        assert not torch.equal(many[:1], one)


def test_a_lattice_fills_the_cube_and_its_last_coordinate_runs_fastest() -> None:
    grid = PointLattice.create(resolution=4, extent=2.0)(torch.arange(50)).reshape(50, 4, 4, 4, 3)
    assert torch.allclose(grid[:, 0, 0].diff(dim=1)[..., 2], torch.tensor(1.0))
    assert torch.allclose(grid[:, :, 0, 0].diff(dim=1)[..., 0], torch.tensor(1.0))
    assert grid.min() >= -2
    assert grid.max() <= 2


def test_the_sum_reports_what_every_term_adds() -> None:
    loss = losses.WeightedSum.create(weights={"r1": 0.5, "l1": 0.0})
    total, terms = loss({"r1": torch.tensor(4.0), "l1": torch.tensor(7.0), "adversarial": torch.tensor(1.5)})
    assert total == 3.5
    assert {name: value.item() for name, value in terms.items()} == {"r1": 2.0, "l1": 0.0, "adversarial": 1.5}


def test_a_schedule_changes_a_weight_through_its_factor() -> None:
    recipe = """
components: {total: {type: loss.weighted_sum, weights: {density: 0.25}}}
graphs:
  sum:
    inputs: {adversarial: Loss, density: Loss, fading: float}
    steps:
      sum: {call: total, with: {terms: {adversarial: adversarial, density: density}, factors: {density: fading}}}
    outputs: {loss: sum.total, terms: sum.terms}
"""
    plan = Model.build(Recipe.read("sum.yaml", text=recipe)).plan("sum")
    given = plan(adversarial=torch.tensor(1.0), density=torch.tensor(8.0), fading=0.5)
    assert given["loss"] == 2.0
    assert given["terms"]["density"] == 1.0


def test_a_weight_without_a_term_is_a_slip() -> None:
    with pytest.raises(ValueError, match="the weight 'identiy' belongs to no term; did you mean identity"):
        losses.WeightedSum.create(weights={"identiy": 1.0})({"identity": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="there is nothing to add"):
        losses.WeightedSum.create()({})
    with pytest.raises(ValueError, match="the factor 'depht' belongs to no term; did you mean depth"):
        losses.WeightedSum.create()({"depth": torch.tensor(1.0)}, {"depht": 1.0})


def test_the_dry_check_finds_the_slip_before_training() -> None:
    recipe = """
components: {total: {type: loss.weighted_sum, weights: {adversarail: 2}}}
graphs:
  sum:
    inputs: {adversarial: Loss}
    steps: {sum: {call: total, with: {terms: {adversarial: adversarial}}}}
    outputs: {loss: sum.total, terms: sum.terms}
"""
    report = check(Recipe.read("slip.yaml", text=recipe), level="dry")
    assert [d.code for d in report.diagnostics] == ["AE402"]
