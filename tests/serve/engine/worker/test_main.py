"""A worker process, played by a thread of the test."""

from __future__ import annotations

import threading
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from aetherist.serve.engine.messages import Loaded, Ready, Settings, Setup, Stop
from aetherist.serve.engine.worker import main as workers
from aetherist.serve.engine.worker import shelf as shelves
from aetherist.serve.engine.worker.main import Worker


def test_a_default_model_that_was_mended_is_loaded_though_nobody_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "RETRY", -1.0)
    monkeypatch.setattr(workers, "BEAT", 0.05)
    recipe = tmp_path / "later.yaml"
    ours, theirs = Pipe()
    setup = Setup("cpu", None, {"tiny": str(recipe)}, "tiny", str(tmp_path), Settings(0, 0, 0, 0))
    thread = threading.Thread(target=Worker(theirs, setup).serve)
    thread.start()
    heard: list[Any] = []

    def hear(status: str) -> None:
        while not (isinstance(heard[-1:] and heard[-1], Loaded) and heard[-1].model.status == status):
            assert ours.poll(60), f"no model is {status}"
            heard.append(ours.recv())

    try:
        hear("refused")
        recipe.write_text("extends: tiny\n", encoding="utf-8")
        hear("ready")
    finally:
        ours.send(Stop())
        thread.join()
    assert any(isinstance(message, Ready) for message in heard), "it takes work for other models meanwhile"
