"""Attribute regressors as files: safetensors, with what else is to know in the metadata."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import torch
from safetensors.torch import save

from aetherist.base.files import write_whole
from aetherist.core.described import read_described
from aetherist.graphs.styles.regressor import AttributeRegressor, Target, facts_of, look_with

FORMAT = 1
KEY = "aetherist.attributes"
MAX_BYTES = 256_000_000


def save_regressor(regressor: AttributeRegressor, path: str | Path) -> None:
    """Write a regressor, whole or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    tensors = {name: tensor.contiguous() for name, tensor in regressor.state.items()}
    data = save(tensors, metadata={KEY: json.dumps({"format": FORMAT, **facts_of(regressor)})})
    write_whole(path, data)


def load_regressor(path: str | Path, device: torch.device | None = None) -> AttributeRegressor:
    """Read a regressor.

    Args:
        path: Of the file.
        device: Where to compute; the CPU by default.

    Raises:
        ValueError: If the file is none, is damaged, or the weights of a pretrained network that it needs are missing.
        OSError: If it cannot be read.
    """
    text, tensors = read_described(path, KEY, "is no regressor of attributes that 'aetherist styles' wrote", MAX_BYTES)
    facts = json.loads(text)
    if facts.get("format") != FORMAT:
        raise ValueError(f"{path} has format {facts.get('format')!r}; this version of Aetherist reads format {FORMAT}")
    try:
        known = {field.name for field in attrs.fields(Target)}
        targets = tuple(Target(**{name: row[name] for name in known}) for row in facts["targets"])
        look = look_with(facts["eyes"], tensors, len(targets), device or torch.device("cpu"))
        first, second = facts["people"]
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    return AttributeRegressor(targets, facts["eyes"], look, (first, second), facts["data"], tensors)
