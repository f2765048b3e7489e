"""The phases of the EG3D recipe have the losses and the gradients of the reference implementation."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.core.recipe import Recipe
from aetherist.graphs import Model
from aetherist.graphs.training import Trainer
from aetherist.graphs.training.data import Nothing
from tests.components import reference
from tests.components.test_references import GRADIENT_FLOORS
from tests.references import oracle

NAME = "tiny128"
PHASES = {"generator": "generator", "discriminator": "discriminator", "flatness": "r1"}
"""Each phase of the recipe, and what the references call its loss."""


class Fields(Nothing):
    fields = ("image", "camera")


@cache
def trainer() -> Trainer:
    """Return the recipe's trainer with the sizes and the weights of the reference."""
    networks = reference.networks(NAME)
    recipe = Recipe.read("eg3d-ffhq512-train").plain()
    for name, network in networks.items():
        recipe["components"][name] = {"type": network.component_name, **network.config.model_dump(mode="json")}
    recipe["training"].pop("grow")
    model = Model.build(recipe)
    for name, network in networks.items():
        model.components[name].load_state_dict(network.state_dict())
    return Trainer(model, Fields())


def inputs(graph: Any) -> dict[str, Any]:
    expected = oracle.expected(NAME)
    size = oracle.config(NAME)["generator"]["img_resolution"]
    known = {"latent": expected["z"], "pose": expected["camera"], "camera": expected["camera"], "blur": 0.0}
    known["seeds"] = torch.zeros(2, dtype=torch.int64)  # the reference's samples stand still, and so do these
    known |= {"image": oracle.draw("real", (2, 3, size, size)), "raw": oracle.draw("real_raw", (2, 3, 64, 64))}
    return {name: known[name] for name in graph.inputs}


@pytest.mark.slow
@pytest.mark.parametrize("name", PHASES)
def test_losses_and_gradients_are_the_references(name: str) -> None:
    phase, expected = trainer().stage.phases[name], oracle.expected(NAME)
    components = trainer().model.components
    for key, part in components.items():
        part.requires_grad_(key in phase.spec.update)
    loss: Tensor = phase.plan(**inputs(phase.plan.graph))["loss"]
    called = PHASES[name]
    floor = oracle.config(NAME)["noise_floor"]["same/D_logits"]["max_abs"] if called != "r1" else 1e-6
    assert abs(loss.item() - expected[f"losses/{called}"].item()) <= 4 * floor * max(1.0, loss.item())
    names = {
        f"gradients/{called}/{reference.PREFIXES.get(part, '')}{key}": parameter
        for part in phase.spec.update
        for key, parameter in components[part].named_parameters()
    }
    found = torch.autograd.grad(loss, list(names.values()), allow_unused=True)
    ours = {key: reference.digest(value) for key, value in zip(names, found, strict=True) if value is not None}
    assert ours.keys() == {key for key in expected if key.startswith(f"gradients/{called}/")}
    for key, value in ours.items():
        kind = "noise_strength" if key.endswith("noise_strength") else called
        # Some gradients are zero but for rounding.
        assert (value - expected[key]).norm() <= 4 * GRADIENT_FLOORS[kind] * expected[key].norm() + 1e-9, key
