"""An engine in an event loop of its own, so that tests can ask it from where they stand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from aetherist.serve.config import ServerConfig
from aetherist.serve.engine import Engine
from aetherist.serve.live import LiveConfig
from aetherist.telemetry import Metrics

T = TypeVar("T")
PATIENCE = 240.0


class Running:
    """An engine that runs; ``call`` waits for what it does."""

    def __init__(self, scratch: Path, **sections: Any) -> None:
        models = {"sources": {"tiny": "tiny"}, "device": "cpu", "threads": 1} | sections.pop("models", {})
        self.config = LiveConfig(ServerConfig.model_validate({"models": models, **sections}))
        self.metrics = Metrics()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.engine = Engine(self.config, self.metrics, scratch=scratch)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run in the loop and return the result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def ask(self, work: Any, client: str = "one", **options: Any) -> Any:
        """Have work done."""
        return self.call(self.engine.submit(work, client=client, **options))

    def send(self, work: Any, client: str = "one", **options: Any) -> Any:
        """Have work done while the test goes on; returns what it can wait for."""
        return asyncio.run_coroutine_threadsafe(self.engine.submit(work, client=client, **options), self.loop)

    def pid(self) -> int:
        """Return the process of the one worker."""
        found = self.engine.state().workers[0].pid
        assert found is not None
        return found

    def wait(self, condition: Callable[[], Any]) -> None:
        """Wait until something holds."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, "it never came to be"
            time.sleep(0.01)

    def freeze(self) -> None:
        """Hold the worker still once its lanes are free; ``SIGCONT`` lets it go on."""
        self.wait(lambda: self.engine.ready() and not any(self.engine.dispatch.workers[0].busy.values()))
        os.kill(self.pid(), signal.SIGSTOP)

    def end(self) -> None:
        """Stop the engine and the loop."""
        self.call(self.engine.stop(0))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextlib.contextmanager
def running(scratch: Path, **sections: Any) -> Iterator[Running]:
    """Start an engine of the model ``tiny``, with other settings by section; stop it at the end."""
    it = Running(scratch, **sections)
    try:
        it.call(it.engine.start())
        yield it
    finally:
        it.end()
