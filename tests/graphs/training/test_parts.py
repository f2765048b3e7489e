"""Averages, optimizers, controls and growth, one by one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from aetherist.graphs.training.controls import Controls
from aetherist.graphs.training.ema import Average
from aetherist.graphs.training.events import Grown
from aetherist.graphs.training.growth import adopt
from aetherist.graphs.training.optimizers import lazy_share
from aetherist.graphs.training.spec import ControlSpec, EmaSpec, GrowSpec, TrainingSpec
from tests.graphs.training import toys


def test_a_weight_counts_half_after_the_half_life() -> None:
    layer = nn.Linear(1, 1)
    average = Average(EmaSpec(half_life=100, ramp_up=None), {"layer": layer})
    average.update({"layer": layer}, batch=10, images=10)
    with torch.no_grad():
        start = layer.weight.clone()
        layer.weight += 1
    for step in range(10):
        average.update({"layer": layer}, batch=10, images=20 + 10 * step)
    assert (average.components["layer"].weight - start).item() == pytest.approx(0.5, abs=1e-5)


def test_early_averages_are_short() -> None:
    average = Average(EmaSpec(half_life=10_000, ramp_up=0.05), {})
    assert average.decay(32, 64_000) == pytest.approx(0.5 ** (32 / 3200))
    assert average.decay(32, 10_000_000) == pytest.approx(0.5 ** (32 / 10_000))


def test_the_average_of_buffers_is_their_latest_value() -> None:
    layer = nn.BatchNorm1d(2)
    average = Average(EmaSpec(), {"layer": layer})
    layer.running_mean += 3
    average.update({"layer": layer}, batch=1, images=1)
    assert average.components["layer"].running_mean.tolist() == [3, 3]


def test_lazy_regularisation_slows_the_shared_adam_down() -> None:
    """Karras et al. 2020, appendix B: a penalty every 16 steps makes 17 steps of 16."""
    spec = TrainingSpec.model_validate(toys.gan(phases={"r1": {"every": 16}})["training"])
    assert lazy_share(spec, "discriminator") == pytest.approx(16 / 17)
    assert lazy_share(spec, "generator") == 1
    trainer = toys.trainer(toys.gan(phases={"r1": {"every": 16}}))
    (group,) = trainer.optimizers.all["discriminator"].param_groups
    assert group["lr"] == pytest.approx(0.01 * 16 / 17)
    assert group["betas"] == (0.0, pytest.approx(0.99 ** (16 / 17)))


def test_a_lazy_loss_counts_as_often_as_its_phase_is_left_out() -> None:
    """Its gradient, not what is recorded of it: that is the loss as it is."""
    found = [toys.losses(toys.recorded(toys.gan(length=4, phases={"r1": {"lazy": lazy}}))) for lazy in (True, False)]
    assert found[0][0]["r1.loss"] == pytest.approx(found[1][0]["r1.loss"], rel=0.05)


def test_a_control_rises_while_the_sign_is_above_its_target() -> None:
    spec = ControlSpec(watch="critic.real", target=0.6, over=1000, limit=0.8)
    controls = Controls({"strength": spec})
    assert controls.watched("critic") == ["real"]
    controls.steer({"critic.real": 0.9}, 100)
    assert controls.values["strength"] == pytest.approx(0.1)
    controls.steer({"critic.real": 0.1}, 50)
    assert controls.values["strength"] == pytest.approx(0.05)
    controls.steer({"other.real": 1.0}, 50)
    assert controls.values["strength"] == pytest.approx(0.05)
    for sign, bound in ((1.0, 0.8), (-1.0, 0.0)):
        for _ in range(20):
            controls.steer({"critic.real": sign}, 100)
        assert controls.values["strength"] == bound


def test_growth_goes_in_steps_of_even_sizes() -> None:
    spec = GrowSpec.model_validate({"from": 64, "to": 128, "over": "1M", "after": "25M", "steps": 4})
    assert spec.stages() == [(0, 64), (25_250_000, 80), (25_500_000, 96), (25_750_000, 112), (26_000_000, 128)]


def test_what_grows_keeps_its_weights_their_optimizer_and_their_average() -> None:
    found: list[Any] = []
    growth = {"painter.resolution": {"from": 4, "to": 8, "over": 16, "steps": 2}}
    trainer = toys.trainer(toys.gan(length=24, grow=growth), observers=[found.append])
    held = {id(p) for part in trainer.model.components.values() for p in part.parameters()}
    trainer.run()
    assert [(event.images, dict(event.settings)) for event in found if isinstance(event, Grown)] == [
        (8, {"painter.resolution": 6}),
        (16, {"painter.resolution": 8}),
    ]
    assert held == {id(p) for part in trainer.model.components.values() for p in part.parameters()}
    assert trainer.model.components["painter"].config.resolution == 8
    assert trainer.ema is not None
    assert trainer.ema.components["painter"].config.resolution == 8  # type: ignore[union-attr]
    pictures = [event.pictures["image"].shape[-1] for event in found if hasattr(event, "pictures")]
    assert pictures == [4, 8]


def test_what_grows_may_not_change_weights() -> None:
    with pytest.raises(ValueError, match="a growing setting changes the weights"):
        adopt(nn.Linear(2, 3), nn.Linear(2, 2))
