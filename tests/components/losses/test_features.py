"""Distances between features: zero for equal ones, and blind to what they should be blind to."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.components import losses


def maps(seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(2, 4, 8, 8, generator=generator), torch.rand(2, 6, 4, 4, generator=generator)]


@pytest.mark.parametrize(
    "loss",
    [
        losses.FeatureMatching.create(),
        losses.Perceptual.create(),
        losses.Perceptual.create(distance="l2"),
        losses.LPIPS.create(weights=None, channels=[4, 6]),
    ],
)
def test_equal_features_are_no_distance_apart_and_nearer_ones_less(loss: torch.nn.Module) -> None:
    target, far = maps(0), maps(1)
    near = [torch.lerp(a, b, 0.3) for a, b in zip(target, far, strict=True)]
    assert loss(target, target) == 0
    assert 0 < loss(near, target) < loss(far, target)


def test_feature_matching_averages_and_the_perceptual_loss_adds() -> None:
    real, fake = maps(0), maps(1)
    each = [(a - b).abs().mean() for a, b in zip(real, fake, strict=True)]
    weights = (1.0, 3.0)
    assert torch.allclose(losses.FeatureMatching.create(weights=weights)(real, fake), (each[0] + 3 * each[1]) / 4)
    assert torch.allclose(losses.Perceptual.create(weights=weights)(real, fake), each[0] + 3 * each[1])


def test_feature_matching_teaches_the_generated_side_alone() -> None:
    real, fake = ([x.requires_grad_() for x in maps(seed)] for seed in (0, 1))
    losses.FeatureMatching.create()(real, fake).backward()
    assert all(x.grad is None for x in real)
    assert all(x.grad is not None for x in fake)


@pytest.mark.parametrize("kind", [losses.FeatureMatching, losses.Perceptual])
def test_lists_must_be_equally_long(kind: type[losses.Perceptual]) -> None:
    with pytest.raises(ValueError, match="2 feature maps are compared with 1; let one network make both"):
        kind.create()(*((maps(), maps()[:1]) if kind is losses.Perceptual else (maps()[:1], maps())))
    with pytest.raises(ValueError, match="3 weights for 2 feature maps"):
        kind.create(weights=[1, 1, 1])(maps(), maps())


def test_lpips_looks_at_the_direction_of_features_not_their_strength() -> None:
    loss = losses.LPIPS.create(weights=None, channels=[4, 6])
    assert loss([3 * x for x in maps()], maps()).item() == pytest.approx(0.0, abs=1e-9)


def test_lpips_by_hand() -> None:
    loss = losses.LPIPS.create(weights=None, channels=[2])
    loss.head0.copy_(torch.tensor([1.0, 10.0]))
    one, other = torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1), torch.tensor([5.0, 0.0]).reshape(1, 2, 1, 1)
    assert loss([one], [other]).item() == pytest.approx((0.6 - 1) ** 2 + 10 * 0.8**2)
    both = loss.distances([torch.cat([one, other])], [torch.cat([other, other])])
    assert both.tolist() == pytest.approx([6.56, 0.0])


def test_lpips_has_a_gradient_where_a_pixel_has_no_features() -> None:
    dead = torch.zeros(1, 2, 3, 3, requires_grad=True)
    losses.LPIPS.create(weights=None, channels=[2])([dead], [torch.ones(1, 2, 3, 3)]).backward()
    assert dead.grad is not None
    assert dead.grad.isfinite().all()


def test_identity_is_zero_for_the_same_direction_and_two_for_the_opposite() -> None:
    loss, face = losses.Identity.create(), torch.randn(3, 16)
    assert loss(face, 2 * face).item() == pytest.approx(0.0, abs=1e-6)
    assert loss(face, -face).item() == pytest.approx(2.0)
