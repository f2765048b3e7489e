"""Super-resolution to every size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.superres import SuperResolution

PUBLISHED = [
    (128, 64, (128, 64)),
    (256, 128, (128, 64)),
    (512, 128, (256, 128)),
    (512, 128, (128, 64)),
    (1024, 256, (256, 128)),
]


def part(**fields: Any) -> SuperResolution:
    torch.manual_seed(0)
    return SuperResolution.create(
        **{"channels": 6, "resolution": 32, "input_resolution": 16, "widths": (8, 4), "style_dim": 8, **fields}
    )


def inputs(size: int = 16, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    features = torch.randn(batch, 6, size, size, generator=torch.Generator().manual_seed(0))
    return features[:, :3], features, torch.randn(batch, 5, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("resolution", "start", "widths"), PUBLISHED)
def test_published_sizes(resolution: int, start: int, widths: tuple[int, ...]) -> None:
    """At real resolutions, with narrow blocks: the sizes of the maps are what is shown."""
    network = part(resolution=resolution, input_resolution=start, widths=tuple(w // 32 for w in widths))
    sizes = [network.get_submodule(f"block{i}.conv1").resolution for i in range(2)]
    assert sizes == [start * 2 if resolution == 4 * start else start, resolution]
    with torch.no_grad():
        image, features, styles = inputs(64, batch=1)
        assert network(image, features, styles).shape == (1, 3, resolution, resolution)


@pytest.mark.parametrize("size", [8, 16, 24])
def test_what_comes_in_is_resized(size: int) -> None:
    with torch.no_grad():
        assert part()(*inputs(size)).shape == (2, 3, 32, 32)


def test_inputs_are_left_alone_where_nothing_is_resized() -> None:
    image, features, styles = inputs()
    before = features.clone()
    with torch.no_grad():
        part()(image, features, styles)
    assert torch.equal(features, before)


def test_inference_equals_the_differentiable_form() -> None:
    network = part()
    with torch.no_grad():
        fast = network(*inputs())
    torch.testing.assert_close(fast, network(*inputs()).detach(), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_rows_are_bit_equal_whatever_the_batch() -> None:
    network, given, seeds = part(noise="random"), inputs(12, batch=3), torch.tensor([1, 2, 3])
    together = network(*given, seeds)
    for row in range(3):
        assert torch.equal(network(*(x[row : row + 1] for x in given), seeds[row : row + 1])[0], together[row])


@torch.no_grad()
def test_all_layers_take_the_last_style() -> None:
    network, (image, features, styles) = part(), inputs()
    assert torch.equal(network(image, features, styles), network(image, features, styles[:, -1:]))


def test_half_precision_is_near() -> None:
    with torch.no_grad():
        expected, actual = part()(*inputs()), part(half_precision_blocks=2, precision="bf16")(*inputs())
    assert not torch.equal(actual, expected)
    assert (actual - expected).norm() / expected.norm() < 0.02


@pytest.mark.parametrize("fields", [{"resolution": 128}, {"resolution": 8}], ids=["too far", "downwards"])
def test_sizes_that_the_blocks_cannot_reach_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="doublings, one a block"):
        part(**fields)


def test_random_noise_without_seeds_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 'seeds'"):
        part(noise="random")(*inputs())
