"""Every loss has the gradient of its value, and every penalty the gradient of its gradient, in double precision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from aetherist.components import losses
from aetherist.components.cameras import sway


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return torch.sigmoid(drawn(*shape, seed=seed))


def views(image: Tensor, depth: Tensor, other_image: Tensor, other_depth: Tensor) -> Tensor:
    cameras = sway(2, yaw=0.05, pitch=0.05).vector.double()
    loss = losses.MultiviewConsistency.create(tolerance=10.0)
    return loss(image, depth, cameras[:1], other_image, other_depth, cameras[1:]).loss


def summed(a: Tensor, b: Tensor) -> Tensor:
    return losses.WeightedSum.create(weights={"a": 0.3}).double()({"a": a.square().sum(), "b": b.sum()}).total


CASES: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {
    "nonsaturating_generator": (losses.NonsaturatingGenerator.create(), (drawn(3, 2),)),
    "nonsaturating_discriminator": (losses.NonsaturatingDiscriminator.create(), (drawn(3, 2), drawn(2, 2))),
    "hinge_generator": (losses.HingeGenerator.create(judges="sum"), (drawn(3, 2),)),
    "hinge_discriminator": (losses.HingeDiscriminator.create(), (drawn(3, 2), drawn(2, 2))),
    "wasserstein_generator": (losses.WassersteinGenerator.create(), (drawn(3, 2),)),
    "wasserstein_discriminator": (losses.WassersteinDiscriminator.create(), (drawn(3, 2), drawn(2, 2))),
    "feature_matching": (
        lambda a, b: losses.FeatureMatching.create(weights=[1, 2])([drawn(2, 2, 3, 3), drawn(2, 3, 2, 2)], [a, b]),
        (drawn(2, 2, 3, 3, seed=1), drawn(2, 3, 2, 2, seed=1)),
    ),
    "perceptual_l1": (
        lambda a, b: losses.Perceptual.create()([a], [b]),
        (drawn(2, 2, 3, 3), drawn(2, 2, 3, 3, seed=1)),
    ),
    "perceptual_l2": (
        lambda a, b: losses.Perceptual.create(distance="l2")([a], [b]),
        (drawn(2, 2, 3, 3), drawn(2, 2, 3, 3, seed=1)),
    ),
    "lpips": (
        lambda a, b: losses.LPIPS.create(weights=None, channels=[3]).double()([a], [b]),
        (drawn(2, 3, 2, 2), drawn(2, 3, 2, 2, seed=1)),
    ),
    "identity": (losses.Identity.create(), (drawn(2, 5), drawn(2, 5, seed=1))),
    "l1": (losses.L1.create(), (drawn(2, 3, 2, 2), drawn(2, 3, 2, 2, seed=1))),
    "depth": (losses.DepthLoss.create(), (drawn(2, 1, 3, 3), drawn(2, 1, 3, 3, seed=1), unit(2, 1, 3, 3))),
    "mask_l1": (losses.MaskLoss.create(), (unit(2, 1, 3, 3), unit(2, 1, 3, 3, seed=1))),
    "mask_bce": (losses.MaskLoss.create(distance="bce"), (unit(2, 1, 3, 3), unit(2, 1, 3, 3, seed=1))),
    "density_smoothness": (losses.DensitySmoothness.create(), (drawn(2, 5, 1), drawn(2, 5, 1, seed=1))),
    "density_tv": (losses.DensityTV.create(resolution=3), (drawn(2, 27, 1),)),
    "multiview_consistency": (
        views,
        (drawn(1, 3, 4, 4), 2.7 + 0.05 * unit(1, 1, 4, 4), drawn(1, 3, 4, 4, seed=1), 2.7 + 0.05 * unit(1, 1, 4, 4)),
    ),
    "weighted_sum": (summed, (drawn(3), drawn(2))),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_that_of_the_value(case: str) -> None:
    loss, inputs = CASES[case]
    assert torch.autograd.gradcheck(loss, [x.clone().requires_grad_() for x in inputs])


def critic(images: list[Tensor], first: Tensor, second: Tensor) -> Tensor:
    """Return two smooth logits for each row of pictures."""
    together = torch.cat([image.flatten(1) for image in images], dim=1)
    return torch.tanh(together @ first) @ second


def r1(image: Tensor, raw: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return losses.R1.create(gamma=3.0)(critic([image, raw], first, second), [image, raw])


def gradient_penalty(image: Tensor, raw: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return losses.GradientPenalty.create()(critic([image, raw], first, second), [image, raw])


def path_length(styles: Tensor, weight: Tensor) -> Tensor:
    image = torch.tanh(styles.flatten(1) @ weight).reshape(-1, 3, 2, 2)
    return losses.PathLength.create().double().eval()(image, styles, torch.arange(len(styles)))


PENALTIES: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {
    "r1": (r1, (drawn(2, 3, 2, 2), drawn(2, 3, 1, 1), drawn(15, 3), drawn(3, 2))),
    "gradient_penalty": (gradient_penalty, (drawn(2, 3, 2, 2), drawn(2, 3, 1, 1), drawn(15, 3), drawn(3, 2))),
    "path_length": (path_length, (drawn(2, 2, 3), drawn(6, 12))),
}


@pytest.mark.parametrize("case", PENALTIES)
def test_a_penalty_has_a_gradient_and_that_has_one(case: str) -> None:
    penalty, inputs = PENALTIES[case]
    leaves = [x.clone().requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(penalty, leaves)
    assert torch.autograd.gradgradcheck(penalty, leaves)
