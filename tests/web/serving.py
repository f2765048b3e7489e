"""`aetherist serve` as a process, and a model with directions for it to serve."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import torch

import aetherist
from aetherist.components.styles import Direction, DirectionSet

DIRECTIONS = ("age", "smile", "ethnicity.european", "ethnicity.asian")


def model_with_directions(folder: Path) -> Path:
    """Write the smallest model whose people can be edited, and return its folder."""
    # Weights that nobody trained make too thin a fog for a surface.
    model = aetherist.load("tiny", overrides=["components.renderer.decoder.density_gain=20"])
    layers, width = model.style_shape
    generator = torch.Generator().manual_seed(0)
    directions = tuple(
        Direction.of_step(name, 4 * torch.randn(layers, width, generator=generator) / width, range=(-1.0, 1.0))
        for name in DIRECTIONS
    )
    model.directions = DirectionSet(directions, model.digest)
    model.save_pretrained(folder)
    return folder


def _wait(address: str, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(address, timeout=seconds).close()
            return
        time.sleep(0.1)
    raise TimeoutError(f"{address} says for {seconds:g} s that the server is not ready")


@contextlib.contextmanager
def serving(data: Path, *arguments: str) -> Iterator[str]:
    """Run a gateway on loopback until the block ends; yields its address once its models are loaded."""
    command = [sys.executable, "-m", "aetherist", "serve", "--port", "0", "--device", "cpu", "--data-folder", str(data)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (data / "gateway.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), (data / "gateway.log").read_text(encoding="utf-8")
            _wait(f"{url}/readyz")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
