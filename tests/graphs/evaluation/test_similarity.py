"""Likeness of pictures, against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from aetherist.graphs.evaluation.similarity import intersection_over_union, psnr, ssim


def noise(seed: int) -> torch.Tensor:
    return torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_psnr_of_a_shift_is_known():
    image = torch.zeros(2, 3, 4, 4)
    assert psnr(image + 0.2, image).tolist() == pytest.approx([20.0, 20.0])


def test_psnr_looks_within_the_mask():
    image, mask = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    target = image.clone()
    target[..., :2] = 0.2
    mask[..., :2] = 1
    assert float(psnr(image, target, mask)) == pytest.approx(20.0)
    assert float(psnr(image, target)) == pytest.approx(20.0 + 3.0103, abs=1e-3)


def test_ssim_is_one_for_the_same_picture_and_little_for_another():
    assert ssim(noise(0), noise(0)).tolist() == pytest.approx([1.0, 1.0])
    assert (ssim(noise(0), noise(1)).abs() < 0.2).all()


def test_ssim_of_plain_pictures_is_the_luminance_term():
    grey, light = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.5)
    expected = (2 * 0.5 * 0.75 + 1e-4) / (0.25 + 0.5625 + 1e-4)
    assert float(ssim(grey, light)) == pytest.approx(expected, rel=1e-6)


def test_overlap_of_masks():
    a = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    b = a.clone()
    a[0, :, :2] = True
    b[0, :, 1:3] = True
    assert intersection_over_union(a, b).tolist() == pytest.approx([1 / 3, 1.0])
