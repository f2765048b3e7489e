"""Splines of a latent: hats that sum to one, their products, and what one linear layer makes of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aetherist.components.synthesis import LatentSplines

KNOTS = (-1.0, -0.2, 0.5, 2.0)


def splines(**fields: Any) -> LatentSplines:
    return LatentSplines.create(**{"latent_dim": 3, "singles": (1,), "knots": KNOTS, **fields})


def hats(value: float) -> list[float]:
    found: list[float] = splines()(torch.tensor([[7.0, value, 7.0]]))[0, 3:].tolist()
    return found


@pytest.mark.parametrize("at", range(4))
def test_a_hat_is_one_at_its_knot_and_none_at_the_others(at: int) -> None:
    assert hats(KNOTS[at]) == pytest.approx([float(each == at) for each in range(4)])


def test_between_two_knots_it_falls_as_the_next_one_rises() -> None:
    assert hats(0.15) == pytest.approx([0, 0.5, 0.5, 0])
    assert hats(1.625) == pytest.approx([0, 0, 0.25, 0.75])


@given(st.floats(-50, 50, width=32))
def test_hats_sum_to_one_and_stay_level_beyond_the_outermost(value: float) -> None:
    found = hats(value)
    assert sum(found) == pytest.approx(1.0, abs=1e-5)
    assert min(found) >= 0
    assert value > -1 or found[0] == 1
    assert value < 2 or found[3] == 1


def test_the_latent_comes_first_and_products_of_pairs_last() -> None:
    part = splines(pairs=((2, 0),), second_knots=(0.0, 1.0))
    assert part.config.width == 3 + 4 + 8
    latent = torch.tensor([[0.25, 9.0, -0.2]])
    out = part(latent)
    torch.testing.assert_close(out[:, :3], latent)
    torch.testing.assert_close(out[0, 7:], torch.tensor([0, 0, 0.75, 0.25, 0, 0, 0, 0]))


def test_without_places_it_is_the_latent() -> None:
    latent = torch.randn(2, 3)
    torch.testing.assert_close(splines(singles=())(latent), latent)


def test_one_linear_layer_follows_what_jumps_for_some_and_falls_for_others() -> None:
    latent = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)).double()
    wanted = torch.where(latent[:, 2] > 0, (latent[:, 1] > 0.5).double(), -latent[:, 1].abs())

    def unexplained(features: torch.Tensor) -> float:
        system = torch.cat([features, torch.ones(len(features), 1, dtype=features.dtype)], dim=1)
        weights = torch.linalg.lstsq(system, wanted[:, None], driver="gelsd").solution
        return float((wanted - (system @ weights)[:, 0]).var() / wanted.var())

    part = splines(pairs=((1, 2),), knots=(-3, -1, 0, 0.4, 0.6, 3), second_knots=(-0.05, 0.05))
    assert unexplained(latent) > 0.3
    assert unexplained(part(latent)) < 0.05


def test_gradients_reach_the_latent() -> None:
    latent = torch.tensor([[0.1, 0.3, -0.7]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(splines(pairs=((2, 1),)), (latent,))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"knots": (0.0, 0.0)}, r"knots: \[0.0, 0.0\] do not rise"),
        ({"second_knots": (1.0, 0.0)}, "second_knots: .* do not rise"),
        ({"knots": (1.0,)}, "at least 2"),
        ({"singles": (3,)}, "no place 3: its 3 numbers count from 0"),
        ({"pairs": ((0, 4),)}, "no place 4"),
    ],
)
def test_what_cannot_be_is_said(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        splines(**fields)
