"""Blur softens pictures by a number of pixels, and by nothing when that is 0."""

from __future__ import annotations

import pytest
import torch

from aetherist.components.augmentation import GaussianBlur


def spread(picture: torch.Tensor) -> float:
    """Return the standard deviation, along a row, of what is bright."""
    row = picture[0, 0].sum(dim=0)
    places = torch.arange(len(row), dtype=row.dtype)
    mean = (row * places).sum() / row.sum()
    return float(((row * (places - mean).square()).sum() / row.sum()).sqrt())


def point(size: int = 65) -> torch.Tensor:
    picture = torch.zeros(1, 3, size, size)
    picture[:, :, size // 2, size // 2] = 1
    return picture


@pytest.mark.parametrize("sigma", [1.0, 2.5, 6.0])
def test_a_point_becomes_a_bell_of_that_width_and_of_the_same_sum(sigma: float) -> None:
    blurred = GaussianBlur.create()(point(), sigma)
    assert spread(blurred) == pytest.approx(sigma, rel=0.03)
    assert blurred.sum().item() == pytest.approx(3, rel=1e-4)


@pytest.mark.parametrize("sigma", [0.0, 0.05])
def test_without_strength_pictures_stay_what_they_are(sigma: float) -> None:
    picture = torch.randn(2, 3, 8, 8)
    assert torch.equal(GaussianBlur.create()(picture, sigma), picture)


def test_a_small_picture_is_blurred_by_the_same_share_of_its_width() -> None:
    blurred = GaussianBlur.create(reference=130.0)(point(65), 5.0)
    assert spread(blurred) == pytest.approx(2.5, rel=0.03)


def test_a_picture_smaller_than_the_bell_is_still_blurred() -> None:
    assert GaussianBlur.create()(torch.randn(1, 3, 4, 4), 10.0).std() < 0.5


def test_a_flat_picture_stays_flat_to_its_edges() -> None:
    flat = torch.full((1, 3, 16, 16), 0.3)
    assert torch.allclose(GaussianBlur.create()(flat, 3.0), flat, atol=1e-6)
