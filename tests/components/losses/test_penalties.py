"""Penalties on gradients: what they charge for, and what they ask to be wired."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aetherist.components import losses
from aetherist.components.cameras import sway
from aetherist.components.discriminators import DualDiscriminator, MultiScaleDiscriminator
from aetherist.components.ops import ImageInterpolate, ImageRequiresGrad
from aetherist.core.check import check
from aetherist.core.recipe import Recipe


def pictures(seed: int = 0, size: int = 4, rows: int = 3) -> Tensor:
    return torch.randn(rows, 3, size, size, generator=torch.Generator().manual_seed(seed))


def linear_critic(image: Tensor, slope: float) -> Tensor:
    """Return one logit a row whose gradient has the norm ``slope`` everywhere."""
    direction = torch.ones_like(image[0]).flatten()
    return (image.flatten(1) @ (direction / direction.norm()))[:, None] * slope


def test_r1_is_half_gamma_times_the_squared_slope() -> None:
    image = ImageRequiresGrad.create()(pictures())
    assert losses.R1.create(gamma=10.0)(linear_critic(image, 3.0), [image]).item() == pytest.approx(45.0)


def test_r1_is_zero_for_a_flat_critic() -> None:
    image = ImageRequiresGrad.create()(pictures())
    assert losses.R1.create()(linear_critic(image, 0.0), [image]) == 0


def test_r1_adds_up_the_pictures_that_a_dual_discriminator_judges() -> None:
    watch, r1 = ImageRequiresGrad.create(), losses.R1.create()
    image, raw = watch(pictures(size=16, rows=4)), watch(pictures(1, size=8, rows=4))
    judge = DualDiscriminator.create(resolution=16, channel_base=64)
    logits = judge(image, raw, sway(4).vector)
    gradients = torch.autograd.grad(logits.sum(), [image, raw], retain_graph=True)
    by_hand = sum(g.square().sum(dim=(1, 2, 3)) for g in gradients).mean() / 2
    assert torch.allclose(r1(logits, [image, raw]), by_hand)


def test_minimising_r1_flattens_the_discriminator() -> None:
    judge = MultiScaleDiscriminator.create(resolution=16, scales=(1, 2), channel_base=64, camera_dim=0)
    watch, r1 = ImageRequiresGrad.create(), losses.R1.create()
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-2)
    real, history = pictures(size=16, rows=4), []
    for _ in range(15):
        image = watch(real)
        penalty = r1(judge(image).logits, [image])
        optimizer.zero_grad()
        penalty.backward()
        optimizer.step()
        history.append(penalty.item())
    assert history[-1] < history[0] / 3


@pytest.mark.parametrize(("slope", "charge"), [(1.0, 0.0), (0.0, 1.0), (3.0, 4.0)])
def test_the_gradient_penalty_charges_for_the_distance_of_the_slope_from_one(slope: float, charge: float) -> None:
    image = ImageInterpolate.create()(pictures(0), pictures(1), torch.arange(3))
    penalty = losses.GradientPenalty.create()(linear_critic(image, slope), [image])
    assert penalty.item() == pytest.approx(charge, abs=1e-5)


def test_each_judge_is_charged_for_its_own_slope() -> None:
    image = ImageInterpolate.create()(pictures(0), pictures(1), torch.arange(3))
    logits = torch.cat([linear_critic(image, 3.0), linear_critic(image, -3.0)], dim=1)
    assert losses.GradientPenalty.create()(logits, [image]).item() == pytest.approx(4.0)
    assert losses.R1.create(judges="sum")(logits, [image]).item() == pytest.approx(9.0)


def test_interpolated_pictures_lie_between_and_remember_neither() -> None:
    real, fake = pictures(0).requires_grad_(), pictures(1)
    between = ImageInterpolate.create()(real, fake, torch.arange(3))
    place = (between - fake) / (real - fake)
    assert torch.allclose(place, place[:, :1, :1, :1].expand_as(place), atol=1e-3)
    assert ((place > 0) & (place < 1)).all()
    assert between.is_leaf
    assert between.requires_grad


def test_one_seed_gives_one_place_whatever_the_size_and_the_batch() -> None:
    interpolate = ImageInterpolate.create()
    zeros, ones = torch.zeros(3, 3, 8, 8), torch.ones(3, 3, 8, 8)
    large = interpolate(ones, zeros, torch.arange(3))
    small = interpolate(ones[1:2, :, :2, :2], zeros[1:2, :, :2, :2], torch.tensor([1]))
    assert torch.equal(large[1:2, :, :2, :2], small)
    assert len(set(large[:, 0, 0, 0].tolist())) == 3


def test_pictures_that_need_no_gradient_are_asked_for() -> None:
    image = pictures()
    with pytest.raises(ValueError, match=r"loss\.r1: input 0 requires no gradient.*image\.requires_grad"):
        losses.R1.create()(linear_critic(image, 1.0), [image])


def test_pictures_that_were_not_judged_are_noticed() -> None:
    watch = ImageRequiresGrad.create()
    judged, other = watch(pictures()), watch(pictures(1))
    with pytest.raises(ValueError, match="the logits do not depend on input 1"):
        losses.R1.create()(linear_critic(judged, 1.0), [judged, other])
    with pytest.raises(ValueError, match="the logits do not depend on input 0"):
        losses.R1.create()(linear_critic(pictures(), 1.0), [judged])


@pytest.mark.parametrize("kind", [losses.R1, losses.GradientPenalty])
def test_without_autograd_there_is_nothing_to_charge_for(kind: type[losses.R1]) -> None:
    with torch.no_grad():
        image = pictures()
        assert kind.create()(linear_critic(image, 3.0), [image]) == 0


def scaled_generator(styles: Tensor, scale: float) -> Tensor:
    """Return pictures of which every pixel is a style times ``scale``."""
    return (styles.flatten(1) * scale).reshape(-1, 3, 2, 2)


def test_path_length_is_that_of_the_generator() -> None:
    styles = torch.randn(64, 1, 12, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = losses.PathLength.create(decay=1.0)
    loss(scaled_generator(styles, 5.0), styles, torch.arange(64))
    # Twelve normal numbers over sqrt(4 pixels), times 5.
    assert loss.mean.item() == pytest.approx(5 * (12 / 4) ** 0.5, rel=0.05)


def test_path_length_moves_its_mean_in_training_alone() -> None:
    styles = torch.randn(2, 1, 12).requires_grad_()
    loss = losses.PathLength.create(decay=0.5).eval()
    loss(scaled_generator(styles, 1.0), styles, torch.arange(2))
    assert loss.mean == 0
    loss.train()(scaled_generator(styles, 1.0), styles, torch.arange(2))
    first = loss.mean.clone()
    loss(scaled_generator(styles, 1.0), styles, torch.arange(2))
    assert torch.allclose(loss.mean, first * 1.5)
    assert "mean" in loss.state_dict()


def test_path_length_is_zero_where_all_paths_are_as_long_as_ever() -> None:
    styles = torch.randn(1, 1, 12).requires_grad_()
    loss = losses.PathLength.create(decay=1.0)
    assert loss(scaled_generator(styles, 2.0), styles, torch.arange(1)).item() == pytest.approx(0.0, abs=1e-9)
    loss.eval()
    assert loss(scaled_generator(styles, 3.0), styles, torch.arange(1)) > 0.1


def test_path_length_wants_the_styles_that_made_the_pictures() -> None:
    styles = torch.randn(2, 1, 12, requires_grad=True)
    with pytest.raises(ValueError, match="the pictures do not depend on the styles"):
        losses.PathLength.create()(pictures(rows=2).requires_grad_(), styles, torch.arange(2))


def test_a_phase_with_a_penalty_passes_the_dry_check() -> None:
    recipe = """
components:
  judge: {type: discriminator.dual, resolution: 16, channel_base: 64}
  between: {type: image.interpolate}
  penalty: {type: loss.gradient_penalty}
graphs:
  phase:
    inputs: {real: "Image[B 3 16 16]", fake: "Image[B 3 16 16]", raw: "Image[B 3 8 8]", camera: Camera, seeds: Seeds}
    steps:
      final: {call: between, with: {real: real, fake: fake, seeds: seeds}}
      small: {call: between, with: {real: raw, fake: raw, seeds: seeds}}
      logits: {call: judge, with: {image: final, raw: small, camera: camera}}
      loss: {call: penalty, with: {logits: logits, images: [final, small]}}
    outputs: {loss: loss}
"""
    assert check(Recipe.read("phase.yaml", text=recipe), level="dry").diagnostics == []
