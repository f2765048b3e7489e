"""Reference numbers of two small EG3D-format networks, and the rule their weights and inputs follow.

Each configuration is a folder: ``config.json`` (constructor arguments, noise floor, table of parameters) and
``expected.safetensors`` (outputs, and the few tensors that follow no rule).
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

NAMES = ("tiny128", "tiny256")
FOLDER = Path(__file__).parent


def draw(key: str, shape: tuple[int, ...] | list[int], scale: float = 1.0, offset: float = 0.0) -> Tensor:
    """Return the tensor that the naming rule gives for ``key``."""
    generator = np.random.default_rng(zlib.crc32(key.encode()))
    values = generator.standard_normal(tuple(shape)).astype(np.float32)
    return torch.from_numpy(np.asarray(offset + scale * values, dtype=np.float32))


@cache
def config(name: str) -> dict[str, Any]:
    """Return ``config.json`` of a configuration."""
    loaded: dict[str, Any] = json.loads((FOLDER / name / "config.json").read_text())
    return loaded


@cache
def expected(name: str) -> dict[str, Tensor]:
    """Return the reference tensors of a configuration; not to be written to."""
    return load_file(FOLDER / name / "expected.safetensors")


@cache
def weights(name: str, network: str) -> dict[str, Tensor]:
    """Return the state dict of network ``G`` or ``D``; not to be written to."""
    return {
        key: expected(name)[f"weights/{network}/{key}"]
        if entry.get("stored")
        else draw(f"{network}.{key}", entry["shape"], entry["scale"], entry["offset"])
        for key, entry in config(name)["parameters"][network].items()
    }


def part(name: str, network: str, prefix: str) -> dict[str, Tensor]:
    """Return the tensors below ``prefix``, with the prefix taken off."""
    return {k.removeprefix(prefix): v for k, v in weights(name, network).items() if k.startswith(prefix)}


def points(name: str) -> Tensor:
    """Return the query points, ``(2, 1024, 3)``."""
    box = config(name)["generator"]["rendering_kwargs"]["box_warp"]
    return draw("points", (2, 1024, 3)).clamp(-2, 2) * 0.3 * box
