"""Reading planes: the gather that inference uses equals the reference, and both equal the geometry."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.rendering import PlaneTable, sample_planes

OPTIONS = [
    dict(zip(("axes", "aggregate", "padding"), values, strict=True))
    for values in product(("xy_xz_yz", "xy_xz_zx"), ("mean", "sum"), ("zeros", "border"))
]


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("merge", [False, True], ids=["apart", "merged"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o.values()))
@pytest.mark.parametrize("memory", ["rows", "features"])
def test_the_gather_equals_the_reference(options: dict[str, Any], merge: bool, memory: str) -> None:
    planes = draw(2, 3, 5, 9, 9)
    if memory == "features":
        planes = planes.permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2)
    # A good part lies outside the box, some far outside, some on its faces.
    points = draw(2, 500, 3) * 0.5
    points[:, :50] *= 100
    points[:, 50:60] = 0.5
    points[:, 60:70] = -0.5
    expected = sample_planes(planes, points, box_warp=0.9, **options)
    table = PlaneTable(planes, box_warp=0.9, merge=merge, **options)
    torch.testing.assert_close(table.read(points.movedim(-1, 0)), expected, rtol=1e-4, atol=1e-5)


def test_planes_whose_features_lie_together_are_not_copied() -> None:
    pixels = draw(1, 8, 8, 3, 4)
    planes = pixels.permute(0, 3, 4, 1, 2)
    assert PlaneTable(planes).rows.data_ptr() == pixels.data_ptr()


@pytest.mark.parametrize(
    ("axes", "coordinates"),
    [("xy_xz_yz", ((0, 1), (0, 2), (1, 2))), ("xy_xz_zx", ((0, 1), (0, 2), (2, 0)))],
)
def test_each_plane_is_read_at_its_axes(axes: Any, coordinates: tuple[tuple[int, int], ...]) -> None:
    """A point at a pixel's centre reads that pixel: the first coordinate is the column, the second the row."""
    size = 8
    pixel = torch.tensor([1, 3, 6])
    points = (((pixel + 0.5) / size - 0.5) * 2.0)[None, None]
    for plane, (column, row) in enumerate(coordinates):
        planes = torch.zeros(1, 3, 1, size, size)
        planes[0, plane, 0, pixel[row], pixel[column]] = 1.0
        read = sample_planes(planes, points, box_warp=2.0, axes=axes, aggregate="sum")
        torch.testing.assert_close(read, torch.ones(1, 1, 1))


def test_zeros_or_the_nearest_pixel_outside() -> None:
    planes, far = torch.ones(1, 3, 2, 4, 4), torch.full((1, 1, 3), 9.0)
    assert sample_planes(planes, far, padding="zeros").abs().max() == 0
    torch.testing.assert_close(sample_planes(planes, far, padding="border"), torch.ones(1, 1, 2))


@pytest.mark.parametrize("axes", ["xy_xz_yz", "xy_xz_zx"])
def test_twice_differentiable(axes: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    planes = torch.randn(1, 3, 2, 3, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    # Away from the pixels' centres, where the slope jumps.
    points = torch.tensor([[0.11, -0.2, 0.3], [-0.41, 0.05, -0.13]], dtype=torch.float64)[None].requires_grad_()

    def function(planes: Tensor, points: Tensor) -> Tensor:
        return sample_planes(planes, points, axes=axes)

    assert torch.autograd.gradcheck(function, (planes, points))
    assert torch.autograd.gradgradcheck(function, (planes, points))


def test_points_that_are_no_numbers_read_features_that_are_none() -> None:
    planes = torch.randn(1, 3, 2, 4, 4)
    points = torch.full((3, 1, 5), torch.nan)
    assert PlaneTable(planes).read(points).isnan().all()
