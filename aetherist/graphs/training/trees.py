"""Nested state as two files that hold no code: tensors as safetensors, all the rest as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

TENSOR = "$tensor"
PAIRS = "$pairs"


def pack(tree: Any) -> tuple[Any, dict[str, Tensor]]:
    """Return JSON-ready data and the tensors that it refers to; maps may have integer keys.

    Raises:
        TypeError: If something in the tree is neither a tensor nor plain data.
    """
    tensors: dict[str, Tensor] = {}

    def packed(value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            tensors[path] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            return {TENSOR: path}
        if isinstance(value, Mapping):
            made = {key: packed(part, f"{path}/{key}") for key, part in value.items()}
            if all(isinstance(key, str) and not key.startswith("$") for key in made):
                return made
            return {PAIRS: [[key, part] for key, part in made.items()]}
        if isinstance(value, list | tuple):
            return [packed(part, f"{path}/{index}") for index, part in enumerate(value)]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f"{path}: a {type(value).__name__} cannot be part of a checkpoint")

    return packed(tree, ""), tensors


def unpack(data: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return the tree that :func:`pack` was given; tuples have become lists."""
    if isinstance(data, list):
        return [unpack(part, tensors) for part in data]
    if not isinstance(data, dict):
        return data
    if TENSOR in data:
        return tensors[data[TENSOR]]
    if PAIRS in data:
        return {key: unpack(part, tensors) for key, part in data[PAIRS]}
    return {key: unpack(part, tensors) for key, part in data.items()}
