"""Models are loaded one by one, and one that cannot be does not stand in the way of others."""

from __future__ import annotations

import threading

import pytest

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.serve.engine import ModelState, ModelUnavailable, UnknownModel
from aetherist.serve.engine.worker import shelf as shelves
from aetherist.serve.engine.worker.shelf import Shelf


def test_models_are_ready_refused_or_unknown() -> None:
    told: list[ModelState] = []
    shelf = Shelf({"tiny": "tiny", "gone": "no-such-model"}, memory=1000, tell=told.append)
    with pytest.raises(ModelUnavailable, match="is being loaded"):
        shelf.get("tiny")
    for name in ("gone", "tiny"):
        shelf.load(name)
    assert [(state.name, state.status) for state in told] == [("gone", "refused"), ("tiny", "ready")]
    assert shelf.get("tiny").memory.limit == 1000
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        shelf.get("gone")
    with pytest.raises(UnknownModel):
        shelf.get("other")


def test_the_room_for_planes_is_shared_by_the_models() -> None:
    shelf = Shelf({"a": "tiny", "b": "tiny"}, memory=1000)
    shelf.load("a")
    shelf.load("b")
    assert [model.memory.limit for model in shelf.models] == [500, 500]
    shelf.limit(200)
    assert [model.memory.limit for model in shelf.models] == [100, 100]


def test_a_model_that_was_mended_is_loaded_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []
    loaded = threading.Event()

    def loader(source: str) -> AvatarModel:
        tries.append(source)
        if len(tries) == 1:
            raise ValueError("damaged")
        return aetherist.load("tiny")

    shelf = Shelf(
        {"tiny": "somewhere"}, tell=lambda state: loaded.set() if state.status == "ready" else None, loader=loader
    )
    shelf.load("tiny")
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            shelf.get("tiny")
    assert len(tries) == 1, "not at every request"
    monkeypatch.setattr(shelves, "RETRY", -1.0)
    with pytest.raises(ModelUnavailable):
        shelf.get("tiny")
    assert loaded.wait(30)
    assert shelf.get("tiny")
