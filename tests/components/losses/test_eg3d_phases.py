"""The phases of EG3D's training, wired as graphs of components, give the reference's losses and gradients.

Tolerances as in :mod:`tests.components.test_references`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.core import Component
from aetherist.core.check import check
from aetherist.core.plan import Plan
from aetherist.core.recipe import Recipe
from tests.components import reference
from tests.components.test_references import GRADIENT_FLOORS, named_parameters
from tests.references import oracle

LOSSES = {
    "watch": {"type": "image.requires_grad"},
    "fooled": {"type": "loss.nonsaturating_generator"},
    "told_apart": {"type": "loss.nonsaturating_discriminator"},
    "r1": {"type": "loss.r1"},
}

GRAPHS: dict[str, Any] = {
    "generator": {
        "inputs": {"latent": "Latent", "camera": "Camera"},
        "steps": {
            "styles": {"call": "mapping", "with": {"latent": "latent", "camera": "camera"}},
            "features": {"call": "planes", "with": {"styles": "styles"}},
            "sight": {"call": "rays", "with": {"camera": "camera"}},
            "view": {
                "call": "renderer",
                "with": {"planes": "features", "origins": "sight.origins", "directions": "sight.directions"},
            },
            "final": {
                "call": "superres",
                "with": {"image": "view.image", "features": "view.features", "styles": "styles"},
            },
            "logits": {"call": "discriminator", "with": {"image": "final", "raw": "view.image", "camera": "camera"}},
            "loss": {"call": "fooled", "with": {"fake": "logits"}},
        },
        "outputs": {"loss": "loss", "image": "final", "raw": "view.image"},
    },
    "discriminator_phase": {
        "inputs": {"fake": "Image", "fake_raw": "Image", "real": "Image", "real_raw": "Image", "camera": "Camera"},
        "steps": {
            "of_fake": {"call": "discriminator", "with": {"image": "fake", "raw": "fake_raw", "camera": "camera"}},
            "of_real": {"call": "discriminator", "with": {"image": "real", "raw": "real_raw", "camera": "camera"}},
            "loss": {"call": "told_apart", "with": {"real": "of_real", "fake": "of_fake"}},
        },
        "outputs": {"loss": "loss"},
    },
    "r1_phase": {
        "inputs": {"real": "Image", "real_raw": "Image", "camera": "Camera"},
        "steps": {
            "final": {"call": "watch", "with": {"image": "real"}},
            "raw": {"call": "watch", "with": {"image": "real_raw"}},
            "logits": {"call": "discriminator", "with": {"image": "final", "raw": "raw", "camera": "camera"}},
            "loss": {"call": "r1", "with": {"logits": "logits", "images": ["final", "raw"]}},
        },
        "outputs": {"loss": "loss"},
    },
}


@cache
def plans(name: str) -> dict[str, Plan]:
    """Return the phases over the reference's weights."""
    networks = dict(reference.networks(name).items())
    written = {
        key: {"type": part.component_name, **part.config.model_dump(mode="json")} for key, part in networks.items()
    }
    report = check(Recipe.read({"components": {**written, **LOSSES}, "graphs": GRAPHS}))
    report.raise_for_errors()
    modules: dict[str, Component] = {key: part.build() for key, part in report.parts.items() if key in LOSSES}
    return {key: Plan.build(graph, {**modules, **networks}) for key, graph in report.graphs.items()}


def run(name: str) -> dict[str, Tensor]:
    """Return the losses of the three phases, on the reference's inputs."""
    expected, phases = oracle.expected(name), plans(name)
    size, camera = oracle.config(name)["generator"]["img_resolution"], expected["camera"]
    made = phases["generator"](latent=expected["z"], camera=camera)
    fake = {"fake": made["image"].detach(), "fake_raw": made["raw"].detach()}
    real = {"real": oracle.draw("real", (2, 3, size, size)), "real_raw": oracle.draw("real_raw", (2, 3, 64, 64))}
    return {
        "generator": made["loss"],
        "discriminator": phases["discriminator_phase"](**fake, **real, camera=camera)["loss"],
        "r1": phases["r1_phase"](**real, camera=camera)["loss"],
    }


@pytest.mark.parametrize("name", oracle.NAMES)
def test_losses_and_gradients_are_the_references(name: str) -> None:
    expected, parts = oracle.expected(name), reference.networks(name)
    logit_floor = oracle.config(name)["noise_floor"]["same/D_logits"]["max_abs"]
    for loss, value in run(name).items():
        wanted = expected[f"losses/{loss}"]
        floor = 1e-6 * wanted.item() if loss == "r1" else logit_floor
        assert abs(value.item() - wanted.item()) <= 4 * floor
        named = named_parameters(parts, loss)
        gradients = torch.autograd.grad(value, list(named.values()), allow_unused=True)
        digests = {
            f"gradients/{loss}/{key}": reference.digest(gradient)
            for key, gradient in zip(named, gradients, strict=True)
            if gradient is not None
        }
        assert set(digests) == {key for key in expected if key.startswith(f"gradients/{loss}/")}
        for key, digest in digests.items():
            floor = GRADIENT_FLOORS["noise_strength" if key.endswith("noise_strength") else loss]
            assert (digest - expected[key]).norm() <= 4 * floor * expected[key].norm() + 1e-9, key
