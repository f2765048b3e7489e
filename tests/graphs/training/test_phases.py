"""What a phase does: moves the components it names and no others, and never takes a step that is not finite."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.graphs import Model
from aetherist.graphs.training import NonFiniteError, RunFolder, Trainer
from tests.graphs.training import toys

MATCH: dict[str, Any] = {
    "name": "match",
    "components": {
        "mapping": {"type": "toy.mapping"},
        "painter": {"type": "toy.painter"},
        "match": {"type": "toy.match"},
    },
    "graphs": {
        "step": {
            "inputs": {"latent": "Latent", "camera": "Camera", "image": "Image", "scale": "float"},
            "steps": {
                "styles": {"call": "mapping", "with": {"latent": "latent"}},
                "made": {"call": "painter", "with": {"styles": "styles", "camera": "camera"}},
                "loss": {"call": "match", "with": {"image": "made", "target": "image", "scale": "scale"}},
            },
            "outputs": {"loss": "loss", "styles": "styles"},
        }
    },
    "training": {
        "batch_size": 4,
        "length": 4,
        "feeds": {
            "latent": {"draw": "normal", "by": "index"},
            "camera": {"field": "camera"},
            "image": {"field": "image"},
            "scale": {"value": 1.0},
        },
        "phases": {"fit": {"graph": "step", "update": ["painter"], "optimizer": {"lr": 0.01, "betas": [0.9, 0.99]}}},
    },
}


class Numbered(toys.Album):
    fields = ("camera", "image", "index")

    def read(self, index: int, fields: Any, mirrored: bool) -> Any:
        row = super().read(index, [field for field in fields if field != "index"], mirrored)
        return row | {"index": torch.tensor(index)}


def fit(training: dict[str, Any] | None = None, phase: dict[str, Any] | None = None, **options: Any) -> Trainer:
    recipe = copy.deepcopy(MATCH)
    recipe["training"] |= training or {}
    recipe["training"]["phases"]["fit"] |= phase or {}
    return Trainer(Model.build(recipe), Numbered(), **options)


def weights(trainer: Trainer, name: str) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.components[name].parameters()]).clone()


def after(**options: Any) -> torch.Tensor:
    made = fit(**options)
    made.run()
    return weights(made, "painter")


def test_only_what_a_phase_updates_moves() -> None:
    trainer = fit()
    before = {name: weights(trainer, name) for name in ("mapping", "painter")}
    trainer.run()
    assert torch.equal(weights(trainer, "mapping"), before["mapping"])
    assert not torch.equal(weights(trainer, "painter"), before["painter"])


def test_a_phase_learns_what_it_minimises() -> None:
    found: list[Any] = []
    fit({"length": 800, "log_every": 200}, {"update": ["mapping", "painter"]}, observers=[found.append]).run()
    steps = [event.terms["fit.loss"] for event in found if hasattr(event, "terms")]
    assert steps[-1] < 0.9 * steps[0]


def test_a_batch_in_parts_is_the_same_batch() -> None:
    assert torch.allclose(after(), after(training={"accumulate": 4}), atol=1e-6)


def test_the_gradient_is_clipped_to_a_norm() -> None:
    optimizer = {"type": "sgd", "lr": 1.0, "betas": [0.0, 0.0]}
    start = weights(fit(), "painter")
    step = (after(phase={"clip": 1e-3, "optimizer": optimizer}) - start).norm().item()
    assert step == pytest.approx(1e-3, rel=0.01)


def test_a_phase_runs_when_it_is_due() -> None:
    trainer = fit(phase={"every": 3, "starts": 8, "ends": 100})
    phase = trainer.stage.phases["fit"]
    assert [step for step in range(50) if phase.due(step, 4 * step)] == [3, 6, 9, 12, 15, 18, 21, 24]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains_full_weights(precision: str) -> None:
    full, half = after(), after(training={"precision": precision})
    assert half.dtype == torch.float32
    assert not torch.equal(full, half)
    assert torch.allclose(full, half, atol=0.03)


def test_what_passes_between_components_is_in_full_and_some_compute_in_full_themselves() -> None:
    inputs = {"latent": torch.randn(2, 4), "camera": toys.camera(0).expand(2, -1)}
    inputs |= {"image": torch.zeros(2, 3, 4, 4), "scale": 1.0}
    found = []
    for options in ({}, {"precision": "bf16", "full_precision": ["mapping"]}, {"precision": "bf16"}):
        trainer = fit(options, {"report": ["styles"]})
        found.append(trainer.stage.phases["fit"].plan(**inputs)["styles"])
    exact, kept, half = found
    assert half.dtype == torch.float32
    assert torch.equal(exact, kept)
    assert not torch.equal(exact, half)


def test_activations_that_are_computed_again_change_nothing() -> None:
    assert torch.equal(after(), after(phase={"checkpoint_activations": ["mapping", "painter"]}))


def test_activations_may_be_computed_again_below_a_gradient_penalty() -> None:
    plain = toys.losses(toys.recorded(toys.gan(length=16)))
    again = toys.gan(length=16, phases={"r1": {"checkpoint_activations": ["critic"]}})
    for ours, theirs in zip(toys.losses(toys.recorded(again)), plain, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_phase_trains_alike() -> None:
    assert torch.allclose(after(), after(phase={"compile": True}), atol=1e-5)


def test_a_loss_that_is_not_finite_stops_before_it_harms(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "match")
    scale = {"value": {"from": 1.0, "to": 1e39, "over": 4, "after": 8}}
    feeds = MATCH["training"]["feeds"] | {"scale": scale}
    trainer = fit({"length": 40, "feeds": feeds, "checkpoints": {"every": 8}}, {"report": ["styles"]}, folder=folder)
    with pytest.raises(NonFiniteError) as caught:
        trainer.run()
    assert (caught.value.phase, caught.value.step) == ("fit", 3)
    text = str(caught.value)
    assert "step 3 (12 images), phase 'fit': loss is inf, while styles = " in text
    assert f"the last good checkpoint is {folder.checkpoints / '000000000008'}" in text
    assert "set training.nonfinite: skip" in text
    assert weights(trainer, "painter").isfinite().all()


def test_or_it_is_skipped_and_counted_if_told_so() -> None:
    found: list[Any] = []
    feeds = MATCH["training"]["feeds"] | {"scale": {"value": float("nan")}}
    trainer = fit({"length": 8, "log_every": 4, "nonfinite": "skip", "feeds": feeds}, observers=[found.append])
    before = weights(trainer, "painter")
    trainer.run()
    assert [event.skipped for event in found if hasattr(event, "skipped")] == [1, 1]
    assert torch.equal(weights(trainer, "painter"), before)


def test_gradients_are_cleaned_only_if_asked() -> None:
    trainer = fit({"clean_gradients": True})
    phase = trainer.stage.phases["fit"]
    parameter = next(trainer.model.components["painter"].parameters())
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    before = parameter.detach().clone()
    parameter.grad = torch.zeros_like(parameter)
    parameter.grad.flatten()[:3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    phase._move(optimizer, [parameter])
    assert (before - parameter.detach()).flatten()[:3].tolist() == pytest.approx([0, 1e5, -1e5])
