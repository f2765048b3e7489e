"""The components equal the reference implementation's numbers.

Tolerance is four times the noise floor: how far the reference's float32 is from its own float64. Where the references
record no floor, it is how far our float32 is from our float64 on the same input (``OWN_FLOORS``), which is the same
thing: our float64 is the reference's, as the first test shows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from tests.components import reference
from tests.references import oracle

OWN_FLOORS = {
    "ws": 2.3e-6,
    "planes": 2.2e-5,
    "ray_origins": 0.0,
    "ray_directions": 1.2e-7,
    "depths_coarse": 1.5e-7,
    "coarse_sigma": 1.7e-3,
    "coarse_rgb": 2.6e-5,
    "weights_coarse": 6.9e-5,
    "depths_fine": 1.4e-4,
    "fine_sigma": 0.13,
    "fine_rgb": 1.4e-3,
    "weights_final": 1.5e-3,
    "superres": 1.4e-5,
    "discriminator": 3.3e-6,
    "sigma": 3.0e-4,
    "rgb": 1.9e-6,
}
"""Greatest difference between our float32 and our float64, over both configurations."""

GRADIENT_FLOORS = {"generator": 0.0068, "noise_strength": 0.066, "discriminator": 0.001, "r1": 0.0015}
"""Greatest relative distance of a digest in the reference's float32 from our float64.

The gradient of a noise strength is one sum over a whole map, nearly all of which cancels.
"""


@pytest.fixture(params=oracle.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["inference", "autograd"])
def autograd(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Both forms of every layer: in place and folded at inference, plain where autograd records."""
    with torch.set_grad_enabled(request.param == "autograd"):
        yield request.param == "autograd"


def assert_close(actual: Tensor, expected: Tensor, floor: float) -> None:
    assert actual.shape == expected.shape
    difference = (actual.detach() - expected).abs().max().item()
    assert difference <= 4 * floor, f"differs by {difference:.3g}, four noise floors are {4 * floor:.3g}"


@pytest.mark.parametrize("run", ["same", "posed"])
def test_float64_is_the_references_float64(name: str, run: str) -> None:
    """The reference's float32 is as far from our float64 as it recorded to be from its own."""
    expected = oracle.expected(name)
    pose = expected["camera" if run == "same" else "pose"]
    with torch.no_grad():
        parts = reference.networks(name, torch.float64)
        ours = reference.generate(parts, *(x.double() for x in (expected["z"], pose, expected["camera"])))
    for key in ("image_raw", "image_depth", "image", "D_logits"):
        recorded = oracle.config(name)["noise_floor"][f"{run}/{key}"]
        difference = ours[key] - expected[f"{run}/{key}"]
        assert difference.abs().max().item() == pytest.approx(recorded["max_abs"], rel=0.01)
        assert (difference.norm() / ours[key].norm()).item() == pytest.approx(recorded["rel_l2"], rel=0.01)


def test_parameters_map_one_to_one(name: str) -> None:
    parts = reference.networks(name)
    ours = {
        prefix + key: list(value.shape)
        for part, prefix in reference.PREFIXES.items()
        for key, value in parts[part].state_dict().items()
    }
    table = oracle.config(name)["parameters"]
    assert ours == {key: entry["shape"] for key, entry in table["G"].items()}
    judge = {key: list(value.shape) for key, value in parts["discriminator"].state_dict().items()}
    assert judge == {key: entry["shape"] for key, entry in table["D"].items()}


@pytest.mark.parametrize("run", ["same", "posed"])
def test_pictures(name: str, run: str, autograd: bool) -> None:
    expected, floors = oracle.expected(name), oracle.config(name)["noise_floor"]
    pose = expected["camera" if run == "same" else "pose"]
    ours = reference.generate(reference.networks(name), expected["z"], pose, expected["camera"])
    hit = ours["alpha"] > 0.1
    assert hit.float().mean() > 0.5
    for key in ("image_raw", "image", "D_logits"):
        assert_close(ours[key], expected[f"{run}/{key}"], floors[f"{run}/{key}"]["max_abs"])
    # The recorded floor of depth is that of the rays that hit nothing; where they do, depth is as exact as the picture.
    depth = torch.where(hit, ours["image_depth"], expected[f"{run}/image_depth"])
    assert_close(depth, expected[f"{run}/image_depth"], floors[f"{run}/image_raw"]["max_abs"])
    for key in ("ws", "planes", "ray_origins", "ray_directions"):
        if f"{run}/{key}" in expected:
            assert_close(ours[key], expected[f"{run}/{key}"], OWN_FLOORS[key])


def test_samples_along_the_rays(name: str, autograd: bool) -> None:
    expected = oracle.expected(name)
    ours = reference.march(reference.networks(name), expected["z"], expected["camera"])
    for key, value in ours.items():
        assert_close(value, expected[f"same/{key}"], OWN_FLOORS[key])


def test_truncation(name: str) -> None:
    expected, mapping = oracle.expected(name), reference.networks(name)["mapping"]
    with torch.no_grad():
        all_layers = mapping(expected["z"], expected["camera"], psi=0.7)
        first_eight = mapping(expected["z"], expected["camera"], psi=0.7, cutoff=8)
    assert_close(all_layers[:, 0], expected["truncated/psi0.7"], OWN_FLOORS["ws"])
    assert torch.equal(all_layers, all_layers[:, :1].expand_as(all_layers))
    assert_close(first_eight, expected["truncated/psi0.7_cutoff8"], OWN_FLOORS["ws"])


def test_field_at_points(name: str, autograd: bool) -> None:
    expected, parts = oracle.expected(name), reference.networks(name)
    planes = parts["planes"](parts["mapping"](expected["z"], expected["camera"]))
    field = parts["renderer"].query(planes, oracle.points(name))
    assert_close(field.density, expected["points/sigma"], OWN_FLOORS["sigma"])
    assert_close(field.features, expected["points/rgb"], OWN_FLOORS["rgb"])


def test_super_resolution_alone(name: str, autograd: bool) -> None:
    expected, superres = oracle.expected(name), reference.networks(name)["superres"]
    size = superres.config.input_resolution
    features = oracle.draw("superres.input", (2, 32, size, size))
    image = superres(features[:, :3], features, expected["same/ws"][:, None])
    assert_close(image, expected["superres/output"], OWN_FLOORS["superres"])


def test_discriminator_alone(name: str, autograd: bool) -> None:
    expected, discriminator = oracle.expected(name), reference.networks(name)["discriminator"]
    size = discriminator.config.resolution
    real, raw = oracle.draw("real", (2, 3, size, size)), oracle.draw("real_raw", (2, 3, 64, 64))
    logits = discriminator(real, raw, expected["camera"])
    assert_close(logits, expected["discriminator/output"], OWN_FLOORS["discriminator"])


def named_parameters(parts: torch.nn.ModuleDict, loss: str) -> dict[str, Tensor]:
    if loss != "generator":
        return dict(parts["discriminator"].named_parameters())
    return {
        prefix + key: value
        for part, prefix in reference.PREFIXES.items()
        for key, value in parts[part].named_parameters()
    }


def test_losses_and_gradients(name: str) -> None:
    expected, parts = oracle.expected(name), reference.networks(name)
    losses = reference.losses(parts, name)
    logit_floor = oracle.config(name)["noise_floor"]["same/D_logits"]["max_abs"]
    for key, value in losses.items():
        # A softplus moves no more than its logit; the penalty is a function of the drawn pictures alone.
        floor = logit_floor if key in ("generator", "discriminator") else 1e-6 * expected[f"losses/{key}"].max()
        assert_close(value, expected[f"losses/{key}"], float(floor))
    for loss in ("generator", "discriminator", "r1"):
        named = named_parameters(parts, loss)
        gradients = torch.autograd.grad(losses[loss], list(named.values()), allow_unused=True, retain_graph=True)
        ours = {
            f"gradients/{loss}/{key}": reference.digest(gradient)
            for key, gradient in zip(named, gradients, strict=True)
            if gradient is not None
        }
        assert set(ours) == {key for key in expected if key.startswith(f"gradients/{loss}/")}
        for key, value in ours.items():
            floor = GRADIENT_FLOORS["noise_strength" if key.endswith("noise_strength") else loss]
            # Some gradients are zero but for rounding.
            allowed = 4 * floor * expected[key].norm().item() + 1e-9
            assert (value - expected[key]).norm().item() <= allowed, key
