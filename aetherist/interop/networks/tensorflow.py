"""Weights as TensorFlow.js stores them: a manifest that lists tensors, and their bytes one after another.

A tensor may be quantised to 8 or 16 bits, with a scale and a minimum of its own. TensorFlow is not needed.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aetherist.interop.networks.archives import NetworkError

_DTYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "uint16": "<u2", "uint8": "u1", "bool": "?"}

_SCRIPTED = re.compile(r'\{name:"([^"]+)",shape:\[([^\]]*)\],dtype:"(\w+)"(?:,quantization:\{([^}]*)\})?\}')
_BASE64 = re.compile(rb'"([A-Za-z0-9+/]{256,}={0,2})"')


def read_tensors(entries: Iterable[Mapping[str, Any]], data: bytes) -> dict[str, Tensor]:
    """Return the tensors of a manifest's ``weights`` entries, in float32.

    Raises:
        NetworkError: If the bytes are not as many as the manifest says, or of a type that it should not name.
    """
    tensors: dict[str, Tensor] = {}
    at = 0
    for entry in entries:
        quantized = entry.get("quantization") or {}
        kind = quantized.get("dtype") or entry["dtype"]
        if kind not in _DTYPES:
            raise NetworkError(f"tensor '{entry['name']}' is of type {kind}, which weights are not stored in")
        dtype, count = np.dtype(_DTYPES[kind]), math.prod(entry["shape"])
        if at + count * dtype.itemsize > len(data):
            raise NetworkError(f"the data ends within tensor '{entry['name']}'")
        values = np.frombuffer(data, dtype, count, at).astype(np.float32)
        at += count * dtype.itemsize
        if "scale" in quantized:
            values = values * np.float32(quantized["scale"]) + np.float32(quantized["min"])
        tensors[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    if at != len(data):
        raise NetworkError(f"the data has {len(data) - at} bytes more than the manifest lists")
    return tensors


def scripted_entries(script: str) -> list[dict[str, Any]]:
    """Return the ``weights`` entries of a manifest that was minified into JavaScript."""
    found = []
    for name, shape, dtype, quantization in _SCRIPTED.findall(script):
        entry: dict[str, Any] = {"name": name, "shape": [int(n) for n in shape.split(",") if n], "dtype": dtype}
        if quantization:
            fields = dict(field.split(":") for field in quantization.split(","))
            entry["quantization"] = {
                "dtype": fields["dtype"].strip('"'),
                "scale": float(fields["scale"]),
                "min": float(fields["min"]),
            }
        found.append(entry)
    return found


def scripted_data(script: bytes) -> bytes:
    """Return the bytes that a JavaScript file carries as one long base64 string.

    Raises:
        NetworkError: If it carries none.
    """
    found = _BASE64.search(script)
    if found is None:
        raise NetworkError("a script that should carry weights carries none")
    return base64.b64decode(found.group(1))


def convolution(kernel: Tensor) -> Tensor:
    """Return a kernel ``(k, k, I, O)`` as PyTorch has it, ``(O, I, k, k)``."""
    return kernel.permute(3, 2, 0, 1).contiguous()


def depthwise(kernel: Tensor) -> Tensor:
    """Return a depthwise kernel ``(k, k, C, 1)`` as PyTorch has it, ``(C, 1, k, k)``."""
    return kernel.permute(2, 3, 0, 1).contiguous()
