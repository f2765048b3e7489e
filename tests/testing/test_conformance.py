"""Every component of ours keeps its contract, and the kit notices one that does not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from jaxtyping import Float
from torch import Tensor, nn

from aetherist.core import Component, registry
from aetherist.core.registry import Registry
from aetherist.testing import check_component, inputs_for
from tests.components.embeddings.scripted import pixel_means

SMALL: dict[str, dict[str, Any]] = {
    "augment.adaptive": {},
    "augment.blur": {},
    "camera.from_angles": {},
    "camera.from_blender": {},
    "camera.from_colmap": {},
    "camera.from_fov": {},
    "camera.from_matrices": {},
    "camera.from_opengl": {},
    "camera.from_pixels": {},
    "camera.from_world_to_camera": {},
    "camera.to_angles": {},
    "camera.to_blender": {},
    "camera.to_colmap": {},
    "camera.to_fov": {},
    "camera.to_matrices": {},
    "camera.to_opengl": {},
    "camera.to_pixels": {},
    "camera.to_world_to_camera": {},
    "decoder.mlp": {"config": {"channels": 6, "hidden": 8, "layers": 3, "features": 4}},
    "decoder.softplus": {"config": {"channels": 6, "hidden": 8, "features": 4}},
    "discriminator.dual": {
        "config": {"resolution": 16, "channel_base": 64, "channel_max": 8},
        "sizes": {"h": 8, "w": 8, "B": 4},
        "rows_independent": False,
        "always": {"camera"},
    },
    "discriminator.multiscale": {
        "config": {"resolution": 16, "channel_base": 64, "channel_max": 8, "scales": [1, 2]},
        "sizes": {"B": 4},
        "rows_independent": False,
        "always": {"camera"},
    },
    "discriminator.single": {
        "config": {"resolution": 16, "channel_base": 64, "channel_max": 8},
        "sizes": {"B": 4},
        "rows_independent": False,
        "always": {"camera"},
    },
    "embedding.face_recognition": {"config": {"weights": None}, "sizes": {"H": 20, "W": 20, "B": 2}},
    "embedding.inception_v3": {"config": {"weights": None, "size": 75}, "sizes": {"H": 20, "W": 20, "B": 2}},
    "embedding.mobileface": {"config": {"weights": None}, "sizes": {"H": 20, "W": 20, "B": 2}},
    "embedding.torchscript": {
        "config": {"path": str(pixel_means()), "size": 8, "dim": 12},
        "sizes": {"H": 9, "W": 9},
        "export": False,
    },
    "embedding.vgg16_features": {"config": {"weights": None}, "sizes": {"H": 16, "W": 16, "B": 2}},
    "image.crop": {"config": {"centre": (0.0, 0.0, 0.1), "side": 0.3, "resolution": 4}, "sizes": {"H": 9, "W": 9}},
    "image.interpolate": {"no_gradient": {"real", "fake"}},
    "image.requires_grad": {},
    "image.to_signed": {},
    "image.to_unit": {},
    "loss.density_smoothness": {},
    "loss.density_tv": {"config": {"resolution": 3}},
    "loss.depth": {},
    "loss.feature_matching": {"no_gradient": {"real.*"}},
    "loss.gradient_penalty": {"gradients": False},
    "loss.hinge_discriminator": {},
    "loss.hinge_generator": {},
    "loss.identity": {"sizes": {"D": 5}},
    "loss.l1": {},
    "loss.lpips": {"config": {"weights": None, "channels": [2, 2]}},
    "loss.mask": {"config": {"distance": "bce"}},
    "loss.multiview_consistency": {"sizes": {"R": 6}},
    "loss.nonsaturating_discriminator": {},
    "loss.nonsaturating_generator": {},
    "loss.path_length": {"gradients": False},
    "loss.perceptual": {},
    "loss.r1": {"gradients": False},
    "loss.wasserstein_discriminator": {},
    "loss.wasserstein_generator": {},
    "loss.weighted_sum": {"config": {"weights": {"a": 2.0}}},
    "mapping.stylegan2": {"config": {"latent_dim": 8, "style_dim": 8, "style_layers": 4}, "always": {"camera"}},
    "points.lattice": {"config": {"resolution": 3}},
    "points.pairs": {"config": {"count": 5}},
    "rays.normals": {},
    "rays.pinhole": {"config": {"resolution": 4}},
    "renderer.volume": {
        "config": {
            "decoder": {"type": "decoder.softplus", "channels": 4, "hidden": 8, "features": 4},
            "samples": 6,
            "importance_samples": 6,
        },
        "sizes": {"R": 8, "H": 4, "W": 3},
    },
    "latent.slerp": {},
    "latent.splines": {"config": {"latent_dim": 4, "singles": [0, 3], "pairs": [[1, 2]]}},
    "styles.edit": {"config": {"axes": ["age", "smile"], "style_dim": 4, "style_layers": 3}},
    "styles.mix": {"config": {"layers": [0, 2], "style_layers": 3}},
    "styles.truncate": {},
    "superres.stylegan2": {
        "config": {"channels": 4, "resolution": 16, "input_resolution": 8, "widths": [6, 4], "style_dim": 8},
        "sizes": {"H": 8, "W": 8, "L": 3},
        "no_gradient": {"*.noise_strength"},
    },
    "triplane.stylegan2": {
        "config": {"channels": 2, "resolution": 8, "channel_base": 64, "style_dim": 8},
    },
}


testing = Registry()


class Honest(Component):
    """Doubles."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x * 2


class LiesAboutShape(Honest):
    """Says N, gives N + 1."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return torch.cat([x, x[:, :1]], dim=1)


class MixesRows(Honest):
    """Normalises over the batch."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x - x.mean(0, keepdim=True)


class ChangesItsInput(Honest):
    """Works in place."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x.detach().mul_(2) + x


class StopsGradients(Honest):
    """Has a weight that it does not use."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.ones(3))


class RollsDice(Honest):
    """Adds noise of its own."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x + torch.rand_like(x)


class ForgetsItsState(Honest):
    """Keeps a number outside the state."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.number = 1.0 + torch.initial_seed()

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x * self.number


class OverflowsInItsGradient(Honest):
    """Is fine forward and not backward."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return (x * 0).sqrt() + x


for number, broken in enumerate(
    [
        Honest,
        LiesAboutShape,
        MixesRows,
        ChangesItsInput,
        StopsGradients,
        RollsDice,
        ForgetsItsState,
        OverflowsInItsGradient,
    ]
):
    testing.add(f"kit.case{number}", broken)


def test_an_honest_component_passes() -> None:
    check_component(Honest)


@pytest.mark.parametrize(
    ("component", "complaint"),
    [
        (LiesAboutShape, "real shape is"),
        (MixesRows, "depends on the other rows"),
        (ChangesItsInput, "changes its input 'x'"),
        (StopsGradients, "no gradient reaches 'weight'"),
        (RollsDice, "the same call gives another 'output'"),
        (ForgetsItsState, "a saved and loaded state gives another"),
        (OverflowsInItsGradient, "the gradient of 'x' is not finite"),
    ],
)
def test_a_broken_promise_is_named(component: type[Component], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_component(component)


def test_every_component_of_ours_is_held_to_its_contract() -> None:
    ours = {name for name in registry.names() if registry.get(name).__module__.startswith("aetherist.")}
    assert ours == set(SMALL)


class Fails(Honest):
    """Raises."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        raise RuntimeError("oops")


testing.add("kit.fails", Fails)


def test_an_error_says_which_promise_was_checked_and_at_what_sizes() -> None:
    with pytest.raises(RuntimeError, match="oops") as caught:
        check_component(Fails, sizes={"N": 5})
    assert caught.value.__notes__ == [
        "kit.fails: while checking that declared, fake and real shapes agree, at B = 3, N = 5"
    ]


def test_a_size_that_the_component_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kit.case0 has no size 'M'; known: B, N"):
        check_component(Honest, sizes={"M": 2})


def test_a_wrong_setting_is_named_as_in_a_recipe() -> None:
    with pytest.raises(ValueError, match=r"^rays.pinhole: 'resolutoin' is no setting of this component; did you mean"):
        check_component("rays.pinhole", {"resolutoin": 4})


@pytest.mark.parametrize("name", sorted(SMALL))
def test_it_keeps_its_contract(name: str) -> None:
    check_component(name, **SMALL[name])


def test_the_renderers_point_queries_keep_their_contract() -> None:
    config = {**SMALL["renderer.volume"]["config"]}
    check_component("renderer.volume", config, operation="query", sizes={"R": 8, "N": 5})


@settings(max_examples=25)
@given(inputs=inputs_for("rays.pinhole", {"resolution": 2}, dtypes=(torch.float32, torch.float64)))
def test_drawn_cameras_are_valid_cameras(inputs: dict[str, Tensor]) -> None:
    camera = inputs["camera"]
    assert registry.get_type("Camera").check(camera) is None
    assert camera.dtype in (torch.float32, torch.float64)


@settings(max_examples=25)
@given(inputs=inputs_for("renderer.volume", {"samples": 4}, sizes={"R": 4, "channels": 32}))
def test_drawn_inputs_share_their_sizes(inputs: dict[str, Tensor]) -> None:
    assert inputs["planes"].shape[0] == inputs["origins"].shape[0] == inputs["directions"].shape[0]
    assert inputs["origins"].shape == inputs["directions"].shape
    assert inputs["planes"].shape[1:] == (3, 32, 4, 4)


@settings(max_examples=10)
@given(inputs=inputs_for("mapping.stylegan2", {"latent_dim": 6, "style_dim": 4, "style_layers": 2}, always={"camera"}))
def test_a_component_takes_whatever_is_drawn_for_it(inputs: dict[str, Any]) -> None:
    module = registry.get("mapping.stylegan2").create(latent_dim=6, style_dim=4, style_layers=2)
    styles = module.to(inputs["latent"].dtype).eval()(**inputs)
    assert styles.shape == (inputs["latent"].shape[0], 2, 4)
