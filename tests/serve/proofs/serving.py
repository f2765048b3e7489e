"""`aetherist serve` as a process of its own, on a real socket, with what a test asks of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

PATIENCE = 90.0
"""Seconds for anything that has to happen: only a hang takes so long."""


class Served:
    """A gateway that runs.

    Args:
        process: Its process.
        url: What it said of itself.
        folder: Its data.
        log: What it writes of what it does.
    """

    def __init__(self, process: subprocess.Popen[str], url: str, folder: Path, log: Path) -> None:
        self.process, self.url, self.folder, self.log = process, url, folder, log
        self.client = httpx2.Client(base_url=url, timeout=PATIENCE)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for bare sockets."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(str(parts.port))

    def ready(self) -> bool:
        """Return whether it says that it can work."""
        return self.client.get("/readyz").status_code == 200

    def worker(self) -> dict[str, Any]:
        """Return how its worker is."""
        workers: list[dict[str, Any]] = self.client.get("/v1/system").json()["workers"]
        return workers[0]

    def picture(self, seed: int, **query: Any) -> httpx2.Response:
        """Ask for the picture of a seed."""
        return self.client.get(f"/v1/models/tiny/seeds/{seed}.png", params={"output": "raw", **query})

    def change(self, **values: Any) -> None:
        """Change settings while it runs: ``change(limits__queue=3)``; ``None`` takes a change back."""
        named = {key.replace("__", "."): value for key, value in values.items()}
        answer = self.client.patch("/v1/admin/config", json={"values": named})
        assert answer.status_code == 200, answer.text

    def healthy(self) -> bool:
        """Return whether it says that it can work, and works."""
        return self.ready() and self.picture(time.monotonic_ns() % 2**32).status_code == 200

    def logged(self) -> list[dict[str, Any]]:
        """Return its log."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]


def until(happens: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something."""
    end = time.monotonic() + patience
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@contextlib.contextmanager
def serving(folder: Path, *options: str, scratch: Path | None = None) -> Iterator[Served]:
    """Run a gateway that serves `tiny`, and end it as the system does: it must then leave with 0.

    Args:
        folder: For its data.
        options: More of the command line; settings as ``limits.queue=3``.
        scratch: For its log; beside the data by default.
    """
    log = (scratch or folder.parent) / f"{folder.name}.log"
    settings = [text for each in options if not each.startswith("--") for text in ("-o", each)]
    flags = [each for each in options if each.startswith("--")]
    command = [sys.executable, "-m", "aetherist", "serve", "--port=0", "--device=cpu", f"--data-folder={folder}"]
    command += ["--model=tiny", *flags, "-o", "models.threads=1", "-o", "telemetry.logs=json"]
    command += ["-o", "server.drain_seconds=1", *settings]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AETHERIST_")}
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**environ, "OMP_NUM_THREADS": "1"}
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), log.read_text(encoding="utf-8")
        served = Served(process, url, folder, log)
        with served.client:
            until(served.ready)
            yield served
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
