"""Adversarial losses fall when their side wins."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.components import losses

REAL, FAKE = torch.tensor([[0.5, 2.0], [1.5, 1.0]]), torch.tensor([[-0.5, -1.0], [0.5, -2.0]])

GENERATORS = [losses.NonsaturatingGenerator, losses.HingeGenerator, losses.WassersteinGenerator]
DISCRIMINATORS = [losses.NonsaturatingDiscriminator, losses.HingeDiscriminator, losses.WassersteinDiscriminator]


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_wants_higher_logits(kind: type[losses.NonsaturatingGenerator]) -> None:
    loss = kind.create()
    assert loss(FAKE + 1) < loss(FAKE)


@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_a_discriminator_wants_real_logits_up_and_generated_ones_down(
    kind: type[losses.NonsaturatingDiscriminator],
) -> None:
    loss = kind.create()
    assert loss(REAL + 0.4, FAKE) < loss(REAL, FAKE)
    assert loss(REAL, FAKE - 0.4) < loss(REAL, FAKE)


@pytest.mark.parametrize("kind", [*GENERATORS, *DISCRIMINATORS])
def test_judges_are_averaged_or_added(kind: type[losses.NonsaturatingGenerator]) -> None:
    logits = (FAKE,) if kind in GENERATORS else (REAL, FAKE)
    alone = [kind.create()(*(x[:, k : k + 1] for x in logits)) for k in range(2)]
    assert torch.allclose(kind.create(judges="mean")(*logits), (alone[0] + alone[1]) / 2)
    assert torch.allclose(kind.create(judges="sum")(*logits), alone[0] + alone[1])


def test_values_at_indifference() -> None:
    nothing = torch.zeros(2, 1)
    assert losses.NonsaturatingGenerator.create()(nothing).item() == pytest.approx(math.log(2))
    assert losses.NonsaturatingDiscriminator.create()(nothing, nothing).item() == pytest.approx(2 * math.log(2))
    assert losses.HingeDiscriminator.create()(nothing, nothing).item() == 2
    assert losses.WassersteinDiscriminator.create()(nothing, nothing).item() == 0


def test_the_hinge_is_content_beyond_its_margin() -> None:
    assert losses.HingeDiscriminator.create()(torch.full((2, 1), 1.5), torch.full((2, 1), -1.5)) == 0


def test_nonsaturating_losses_neither_overflow_nor_vanish() -> None:
    hopeless = torch.tensor([[-1e4]], requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.NonsaturatingGenerator.create()(hopeless), hopeless)
    assert gradient == -1
    assert losses.NonsaturatingDiscriminator.create()(torch.tensor([[1e4]]), torch.tensor([[-1e4]])) == 0
