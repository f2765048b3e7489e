"""A gateway is ready when it can do what it is asked: a worker takes work, and has the default model."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import Engine, ModelState
from aetherist.serve.engine.messages import Settings, Setup
from aetherist.serve.live import LiveConfig
from aetherist.telemetry import Metrics

REFUSED = "the default model tiny cannot be loaded; GET /v1/system says why"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with two workers that are no processes: the test plays them."""
    sources = {"tiny": "tiny", "other": "tiny"}
    config = LiveConfig(ServerConfig.model_validate({"models": {"sources": sources, "default": "tiny"}}))
    found = Engine(config, Metrics(), scratch=tmp_path)
    for device in ("cuda:0", "cuda:1"):
        found.dispatch.add(Setup(device, None, sources, "tiny", "", Settings(0, 0, 0, 0)))
    return found


def hears(engine: Engine, worker: int, status: str, model: str = "tiny") -> None:
    """Play that a worker told what became of a model; with the default one it is ready."""
    process = engine.dispatch.workers[worker]
    process.models[model] = ModelState(model, status, error="ValueError: /a/folder is damaged")
    process.ready = process.ready or model == "tiny"


def test_until_a_worker_is_ready_none_is(engine: Engine) -> None:
    assert engine.unready() == "no worker is ready"
    hears(engine, 0, "ready")
    assert engine.unready() is None


def test_a_default_model_that_was_refused_is_a_reason_of_its_own_and_names_no_place(engine: Engine) -> None:
    hears(engine, 0, "refused")
    assert engine.ready(), "it takes work for other models"
    assert engine.unready() == REFUSED


def test_a_refused_model_that_nobody_means_by_saying_nothing_keeps_nobody_from_work(engine: Engine) -> None:
    hears(engine, 0, "ready")
    hears(engine, 0, "refused", model="other")
    assert engine.unready() is None


def test_one_worker_that_has_the_model_is_enough(engine: Engine) -> None:
    hears(engine, 0, "refused")
    hears(engine, 1, "ready")
    assert engine.unready() is None
    hears(engine, 1, "refused")
    assert engine.unready() == REFUSED


def test_a_worker_that_is_still_loading_makes_no_other_ready(engine: Engine) -> None:
    hears(engine, 0, "refused")
    assert engine.dispatch.workers[1].models["tiny"].status == "loading"
    assert engine.unready() == REFUSED


def test_a_model_that_was_mended_is_ready_again(engine: Engine) -> None:
    hears(engine, 0, "refused")
    hears(engine, 0, "ready")
    assert engine.unready() is None
