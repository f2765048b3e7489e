"""Measured time and memory of a graph's steps."""

from __future__ import annotations

import pytest
import torch

from aetherist.core.check import check
from aetherist.graphs.describe import describe
from aetherist.graphs.model import Model
from aetherist.graphs.profile import profile


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("tiny")


def test_every_step_is_measured(model):
    measured = profile(model, "generate", repeats=2)
    assert [step.name for step in measured.steps] == ["styles", "planes", "rays", "view", "final"]
    assert all(step.seconds > 0 and step.peak_bytes > 0 for step in measured.steps)
    assert (measured.device, measured.batch, measured.repeats) == ("cpu", 1, 2)
    assert measured.seconds > 0


def test_memory_is_at_least_what_is_seen_operation_by_operation(model):
    measured = {step.name: step.peak_bytes for step in profile(model, "generate", repeats=1).steps}
    told = {step.name: step.peak_bytes for step in describe(check("tiny").graphs["generate"]).steps}
    for name, peak in told.items():
        assert peak * 0.9 <= measured[name] <= peak * 4, name


def test_only_what_the_outputs_need(model):
    measured = profile(model, "generate", outputs=["raw"], repeats=1)
    assert [step.name for step in measured.steps] == ["styles", "planes", "rays", "view"]


def test_open_sizes_can_be_chosen(model):
    small, large = (profile(model, "query", sizes={"N": n}, repeats=1).steps[-1].peak_bytes for n in (10, 10_000))
    assert large > 100 * small
    with pytest.raises(ValueError, match="leaves no axis 'M' open"):
        profile(model, "query", sizes={"M": 10})


def test_a_graph_that_is_not_there(model):
    with pytest.raises(ValueError, match="no graph 'generat'; did you mean generate"):
        profile(model, "generat")


@pytest.mark.gpu
def test_on_a_gpu():
    measured = profile(Model.build("tiny").to("cuda"), "generate", repeats=2)
    assert measured.device.startswith("cuda")
    assert all(step.seconds > 0 and step.peak_bytes >= 0 for step in measured.steps)
    assert measured.peak_bytes > 0
    torch.cuda.synchronize()
