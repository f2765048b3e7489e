"""Augmentation changes colours, moves a little and cuts out, by seed and with a probability, and never turns a head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aetherist.components.augmentation import AdaptiveAugmentation

OFF: dict[str, Any] = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "move", "scale", "cutout"), 0.0)
ROWS = 64


def changed(probability: float = 1.0, picture: Tensor | None = None, seed: int = 0, **config: Any) -> Tensor:
    seeds = torch.arange(seed, seed + ROWS)
    return AdaptiveAugmentation.create(**OFF | config)(face() if picture is None else picture, seeds, probability)


def face() -> Tensor:
    steps = torch.linspace(-0.5, 0.5, 16)
    return torch.stack([steps.expand(16, 16), steps[:, None].expand(16, 16), torch.zeros(16, 16)]).expand(
        ROWS, -1, -1, -1
    )


def test_at_probability_0_nothing_changes() -> None:
    seeds = torch.arange(ROWS)
    assert torch.equal(AdaptiveAugmentation.create()(face(), seeds), face())


def test_each_kind_of_change_has_the_probability() -> None:
    for config in ({"brightness": 0.2}, {"cutout": 0.5}, {"hue": 0.2}):
        differs = ((changed(0.3, **config) - face()).abs() > 1e-5).flatten(1).any(dim=1).float().mean()
        assert 0.12 < differs < 0.5
    every = AdaptiveAugmentation.create()(face(), torch.arange(ROWS), 1.0)
    assert (every != face()).flatten(1).any(dim=1).all()


def test_the_same_seeds_change_alike_and_others_otherwise() -> None:
    config = {"brightness": 0.2, "move": 0.1}
    assert torch.equal(changed(**config), changed(**config))
    assert not torch.allclose(changed(**config), changed(seed=1, **config))
    alone = AdaptiveAugmentation.create(**OFF | config)(face()[:1], torch.tensor([5]), 1.0)
    assert torch.allclose(changed(**config)[5:6], alone, atol=1e-6)


def test_brightness_adds_and_contrast_multiplies() -> None:
    added = changed(brightness=0.2) - face()
    assert (added.flatten(1).std(dim=1) < 1e-6).all()
    factor = changed(contrast=0.5)[:, 0] / face()[:, 0]
    assert (factor.flatten(1).std(dim=1) < 1e-4).all()


def test_saturation_and_hue_keep_grey_grey() -> None:
    grey = torch.full((ROWS, 3, 4, 4), 0.4)
    assert torch.allclose(changed(picture=grey, saturation=1.0, hue=0.5), grey, atol=1e-5)
    turned = changed(hue=0.5)
    assert torch.allclose(turned.norm(dim=1), face().norm(dim=1), atol=1e-5)


def test_moves_are_small_and_bring_no_turn() -> None:
    moved = changed(move=0.05)
    centre = moved[:, :, 4:12, 4:12]
    # A ramp along x stays a ramp along x: what changes from row to row is nothing.
    assert centre[:, 0].diff(dim=1).abs().max() < 1e-5
    assert centre[:, 1].diff(dim=2).abs().max() < 1e-5
    assert (centre - face()[:, :, 4:12, 4:12]).abs().max() > 0.01


def test_cut_out_squares_are_grey_and_of_the_size() -> None:
    white = torch.ones(ROWS, 3, 16, 16)
    holes = (changed(picture=white, cutout=0.5) == 0).float().mean(dim=(1, 2, 3))
    assert holes.max() == 0.25
    assert holes.min() >= 0.0625


def test_gradients_pass() -> None:
    picture = face().clone().requires_grad_()
    AdaptiveAugmentation.create()(picture, torch.arange(ROWS), 1.0).sum().backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    assert picture.grad.abs().sum() > 0
