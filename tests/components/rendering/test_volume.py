"""The volume renderer: its options, tiles, and what a fault looks like."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import sway
from aetherist.components.rendering import PinholeRays, View, VolumeRenderer

SMALL: dict[str, Any] = {
    "decoder": {"type": "decoder.softplus", "channels": 4, "hidden": 8, "features": 6},
    "samples": 8,
    "importance_samples": 8,
}


def scene(batch: int = 2, size: int = 6, resolution: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Planes, and rays of cameras that look at them."""
    planes = 3 * torch.randn(batch, 3, 4, resolution, resolution, generator=torch.Generator().manual_seed(0))
    origins, directions = PinholeRays.create(resolution=size)(sway(batch).vector)
    return planes, origins, directions


def renderer(**fields: Any) -> VolumeRenderer:
    torch.manual_seed(0)
    return VolumeRenderer.create(**{**SMALL, **fields})


@torch.no_grad()
def render(part: VolumeRenderer, *inputs: Tensor, **rest: Tensor) -> View:
    view = part(*inputs, **rest)
    assert all(x.isfinite().all() for x in view)
    return view


def solid(part: VolumeRenderer, density: float) -> VolumeRenderer:
    """Make the field the same everywhere that planes are read, inside the box and out of it."""
    with torch.no_grad():
        part.get_parameter("decoder.net.2.weight")[0] = 0.0
        part.get_parameter("decoder.net.2.bias")[0] = density
    return part


OPTIONS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "older order of planes": {"plane_axes": "xy_xz_zx"},
    "disparity": {"spacing": "disparity"},
    "no importance pass": {"importance_samples": 0},
    "auto limits": {"near": "auto", "far": "auto"},
    "white": {"background": "white"},
    "learned background": {"background": "learned"},
    "sum, to the border": {"aggregate": "sum", "padding": "border"},
    "wide box": {"box_warp": 1.6, "near": 0.1, "far": 2.6},
    "uneven samples": {"samples": 5, "importance_samples": 3},
    "coarse samples propose": {"coarse": "proposal", "background": "learned"},
}


@pytest.fixture(params=OPTIONS.values(), ids=list(OPTIONS))
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    fields: dict[str, Any] = request.param
    return fields


def test_inference_equals_the_differentiable_form(options: dict[str, Any]) -> None:
    part, inputs = renderer(**options), scene(resolution=12)
    for fast, plain in zip(render(part, *inputs), part(*inputs), strict=True):
        torch.testing.assert_close(fast, plain.detach(), rtol=1e-4, atol=1e-4)


def test_the_tile_does_not_show(options: dict[str, Any]) -> None:
    inputs = scene()
    whole = render(renderer(**options, chunk=36), *inputs)
    for chunk in (1, 7, 1000):
        for tiled, expected in zip(render(renderer(**options, chunk=chunk), *inputs), whole, strict=True):
            torch.testing.assert_close(tiled, expected, rtol=1e-5, atol=1e-5)


def test_rows_are_bit_equal_whatever_the_batch(options: dict[str, Any]) -> None:
    part, inputs = renderer(**options), scene(batch=3)
    together = render(part, *inputs)
    for row in range(3):
        for alone, among in zip(render(part, *(x[row : row + 1] for x in inputs)), together, strict=True):
            assert torch.equal(alone[0], among[row])


def test_a_seed_jitters_a_row_the_same_in_any_batch_and_tile() -> None:
    inputs, seeds = scene(batch=3), torch.tensor([4, 9, 4])
    part = renderer(jitter=True)
    together = render(part, *inputs, seeds=seeds)
    alone = render(part, *(x[1:2] for x in inputs), seeds=seeds[1:2])
    assert torch.equal(alone.image[0], together.image[1])
    other = render(part, *inputs, seeds=seeds + 1)
    assert not torch.equal(other.image, together.image)
    tiled = render(renderer(jitter=True, chunk=5), *inputs, seeds=seeds)
    torch.testing.assert_close(tiled.image, together.image, rtol=1e-5, atol=1e-5)


def test_the_image_is_the_first_three_features() -> None:
    view = render(renderer(), *scene())
    assert view.features.shape == (2, 6, 6, 6)
    assert torch.equal(view.image, view.features[:, :3])


@pytest.mark.parametrize(("background", "value"), [("black", -1.0), ("white", 1.0), ("learned", 0.5)])
def test_empty_space_shows_the_background_at_the_far_end(background: str, value: float) -> None:
    part = solid(renderer(background=background), -1e4)
    if background == "learned":
        torch.nn.init.constant_(part.background, 0.75)
    view = render(part, *scene())
    torch.testing.assert_close(view.features, torch.full_like(view.features, value))
    assert view.alpha.abs().max() == 0
    torch.testing.assert_close(view.depth, torch.full_like(view.depth, 3.3))


def test_a_solid_field_is_seen_at_once() -> None:
    view = render(solid(renderer(samples=48, importance_samples=48), 1e4), *scene())
    torch.testing.assert_close(view.alpha, torch.ones_like(view.alpha))
    assert (view.depth - 2.25).abs().max() < 0.02


def test_auto_limits_render_what_the_box_holds() -> None:
    """Inside a box that all rays cross, limits set by hand beyond it see the same surfaces."""
    part = solid(renderer(near="auto", far="auto", samples=48), 1e4)
    planes, origins, directions = scene()
    view = render(part, planes, origins, directions)
    point = origins + directions * view.depth[:, 0, :, :, None]
    on_a_face = (point.abs().amax(dim=-1) - 0.5).abs() < 0.02
    crosses = view.alpha[:, 0] > 0.5
    assert crosses.any()
    assert (on_a_face | ~crosses).all()


def test_points_asked_for_equal_points_seen() -> None:
    """The field at points is the same in one call or many, in both forms."""
    part, (planes, _, _) = renderer(chunk=4), scene()
    points = torch.rand(2, 101, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    with torch.no_grad():
        whole = part.query(planes, points)
        parts = [part.query(planes, piece) for piece in points.split(40, dim=1)]
    recorded = part.query(planes, points)
    for index in range(2):
        torch.testing.assert_close(torch.cat([p[index] for p in parts], dim=1), whole[index])
        torch.testing.assert_close(recorded[index].detach(), whole[index], rtol=1e-4, atol=1e-5)


def test_the_founding_sizes() -> None:
    """Three planes of 256 x 64 x 64 and a decoder of eight layers of 256."""
    part = VolumeRenderer.create(decoder={"type": "decoder.mlp"}, samples=6, importance_samples=6)
    planes = torch.randn(1, 3, 256, 64, 64, generator=torch.Generator().manual_seed(0))
    view = render(part, planes, *PinholeRays.create(resolution=4)(sway(1).vector))
    assert view.features.shape == (1, 32, 4, 4)
    assert len(part.decoder.layers) == 8


def test_proposals_are_not_seen_but_say_where_to_look() -> None:
    options = {"samples": 32, "importance_samples": 64, "density_shift": 5.0}
    seen, proposed = (renderer(coarse=coarse, **options) for coarse in ("seen", "proposal"))
    planes, *rays = scene()
    one, other = render(seen, 4 * planes, *rays), render(proposed, 4 * planes, *rays)
    assert (one.alpha - other.alpha).abs().max() < 0.02
    assert (one.image - other.image).abs().mean() < 0.05

    planes.requires_grad_()
    proposed(planes, *rays).features.sum().backward()
    assert planes.grad is not None
    assert planes.grad.abs().sum() > 0


def test_jitter_without_seeds_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 'seeds'"):
        renderer(jitter=True)(*scene())


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"near": "auto"}, "both"), ({"near": 3.0, "far": 2.0}, "0 < near < far"), ({"samples": 3}, "greater than")],
)
def test_limits_that_make_no_sense_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        renderer(**fields)
