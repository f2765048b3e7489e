"""Mapping and synthesis: shapes, noise, precision, batches, and what a fault looks like."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import sway
from aetherist.components.synthesis import MappingNetwork, TriplaneSynthesis

SMALL: dict[str, Any] = {
    "style_dim": 16,
    "channels": 2,
    "resolution": 32,
    "channel_base": 512,
    "channel_max": 32,
}


def synthesis(**fields: Any) -> TriplaneSynthesis:
    torch.manual_seed(0)
    part = TriplaneSynthesis.create(**{**SMALL, **fields})
    for name, parameter in part.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.constant_(parameter, 0.3)
    return part


def styles(batch: int = 2, layers: int = 8) -> Tensor:
    return torch.randn(batch, layers, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("resolution", "channels", "layers"), [(4, 2, 2), (8, 3, 4), (64, 256, 10), (256, 32, 14)])
def test_style_layers_and_planes_of_any_size(resolution: int, channels: int, layers: int) -> None:
    part = synthesis(resolution=resolution, channels=channels, channel_max=8, channel_base=256)
    assert part.config.layers == layers
    with torch.no_grad():
        assert part(styles(1, layers)).shape == (1, 3, channels, resolution, resolution)


def test_channels_halve_as_the_resolution_doubles() -> None:
    part = TriplaneSynthesis.create(resolution=256)
    widths = [part.config.block_channels(r) for r in part.config.block_resolutions()]
    assert widths == [512, 512, 512, 512, 512, 256, 128]


@pytest.mark.parametrize("noise", ["const", "random", "none"])
def test_inference_equals_the_differentiable_form(noise: str) -> None:
    part, seeds = synthesis(noise=noise, conv_clamp=1.5), torch.tensor([3, 5])
    with torch.no_grad():
        fast = part(styles(), seeds)
    torch.testing.assert_close(fast, part(styles(), seeds).detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", ["const", "random"])
def test_rows_are_bit_equal_whatever_the_batch(noise: str) -> None:
    part, w, seeds = synthesis(noise=noise), styles(4), torch.tensor([3, 5, 3, -1])
    with torch.no_grad():
        together = part(w, seeds)
        for row in range(4):
            assert torch.equal(part(w[row : row + 1], seeds[row : row + 1])[0], together[row])
        assert torch.equal(part(w, seeds), together)


def test_a_seed_is_a_noise() -> None:
    part = synthesis(noise="random")
    w = styles(1).expand(3, -1, -1)
    with torch.no_grad():
        planes = part(w, torch.tensor([1, 1, 2]))
    assert torch.equal(planes[0], planes[1])
    assert not torch.equal(planes[0], planes[2])


def test_noise_modes_differ_and_none_ignores_the_strength() -> None:
    with torch.no_grad():
        constant, none = (synthesis(noise=mode)(styles()) for mode in ("const", "none"))
    assert not torch.equal(constant, none)


@pytest.mark.parametrize("autograd", [False, True], ids=["inference", "autograd"])
def test_half_precision_is_near(autograd: bool) -> None:
    exact = synthesis(conv_clamp=256.0)
    half = synthesis(conv_clamp=256.0, half_precision_blocks=2, precision="bf16")
    with torch.set_grad_enabled(autograd):
        expected, actual = exact(styles()), half(styles())
    assert actual.dtype == torch.float32
    assert not torch.equal(actual, expected)
    assert (actual - expected).norm() / expected.norm() < 0.02


def test_fp16_runs_as_float32_on_a_cpu() -> None:
    with torch.no_grad():
        expected = synthesis()(styles())
        assert torch.equal(synthesis(half_precision_blocks=4)(styles()), expected)


def test_half_precision_starts_at_the_top_and_spares_the_first_block() -> None:
    config = synthesis(half_precision_blocks=2).config
    assert [config.block_precision(r) for r in config.block_resolutions()] == [None, None, "fp16", "fp16"]
    config = synthesis(half_precision_blocks=9).config
    assert [config.block_precision(r) for r in config.block_resolutions()] == [None, "fp16", "fp16", "fp16"]


def test_the_clamp_bounds_activations() -> None:
    with torch.no_grad():
        bounded = synthesis(conv_clamp=1e-3)(styles())
    # Four resolutions add up, and the filter's gain is one.
    assert bounded.abs().max() <= 4e-3


def test_gradients_reach_every_parameter() -> None:
    part = synthesis()
    part(styles().requires_grad_()).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in part.parameters())


def test_positions_begin_as_nothing_and_are_learned() -> None:
    plain, placed = synthesis(), synthesis(positions=True)
    added = placed.state_dict().keys() - plain.state_dict().keys()
    assert added == {"b8.positions", "b16.positions", "b32.positions"}
    placed.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(placed(styles()), plain(styles()))
    placed(styles()).square().sum().backward()
    assert all((gradient := placed.get_parameter(name).grad) is not None and gradient.abs().sum() > 0 for name in added)


def test_random_noise_without_seeds_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 'seeds'"):
        synthesis(noise="random")(styles())


def test_a_resolution_below_four_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 4"):
        TriplaneSynthesis.create(resolution=2)


def mapping(**fields: Any) -> MappingNetwork:
    torch.manual_seed(0)
    return MappingNetwork.create(**{"latent_dim": 8, "style_dim": 16, "style_layers": 5, **fields})


LATENTS, CAMERAS = torch.randn(3, 8, generator=torch.Generator().manual_seed(1)), sway(3).vector


@torch.no_grad()
def test_styles_depend_on_the_camera_unless_it_is_zeroed() -> None:
    part = mapping()
    assert not torch.equal(part(LATENTS, CAMERAS), part(LATENTS, CAMERAS.flip(0)))
    zeroed = mapping(camera_zero=True)
    assert torch.equal(zeroed(LATENTS, CAMERAS), zeroed(LATENTS))
    assert set(zeroed.state_dict()) == set(part.state_dict())
    free = mapping(camera_dim=0)
    assert free(LATENTS).shape == (3, 5, 16)


def test_the_camera_is_scaled() -> None:
    with torch.no_grad():
        assert torch.equal(mapping(camera_scale=2.0)(LATENTS, CAMERAS), mapping()(LATENTS, CAMERAS * 2))


@torch.no_grad()
def test_truncation_runs_from_the_average_to_the_style() -> None:
    part = mapping()
    part.update_average(part(LATENTS, CAMERAS) + 1)
    full, none = part(LATENTS, CAMERAS), part(LATENTS, CAMERAS, psi=0.0)
    assert torch.equal(none, part.w_avg.expand_as(none))
    half = part(LATENTS, CAMERAS, psi=0.5, cutoff=2)
    torch.testing.assert_close(half[:, :2], (full[:, :2] + none[:, :2]) / 2)
    assert torch.equal(half[:, 2:], full[:, 2:])


@torch.no_grad()
def test_the_average_follows_with_its_decay() -> None:
    part = mapping(w_avg_decay=0.75)
    w = part(LATENTS, CAMERAS)
    part.update_average(w)
    torch.testing.assert_close(part.w_avg, 0.25 * w[:, 0].mean(dim=0))


@torch.no_grad()
def test_rows_of_styles_are_bit_equal_whatever_the_batch() -> None:
    part = mapping(latent_dim=8, style_dim=512)
    together = part(LATENTS, CAMERAS, psi=0.7)
    for row in range(3):
        assert torch.equal(part(LATENTS[row : row + 1], CAMERAS[row : row + 1], psi=0.7)[0], together[row])


def test_a_missing_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 'camera'"):
        mapping()(LATENTS)
