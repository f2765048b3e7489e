"""Packages like those that ship networks, made of networks of our own."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from aetherist.components.embeddings.face_recognition import BLOCKS
from aetherist.interop.networks.catalogue import Network


def npm_package(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def wheel(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def stand_in(network: Network, package: Path) -> Network:
    """Return the entry of the list as it would be for a package of ours."""
    return attrs.evolve(network, sha256=hashlib.sha256(package.read_bytes()).hexdigest(), size=package.stat().st_size)


def tensorflow_js(tensors: Mapping[str, Tensor], quantized: bool = False) -> tuple[list[dict[str, Any]], bytes]:
    """Return the entries of a manifest, and the bytes; 8 bits a number if so wanted."""
    entries, data = [], b""
    for name, tensor in tensors.items():
        values = tensor.detach().numpy()
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if quantized:
            low = float(values.min())
            scale = (float(values.max()) - low) / 255 or 1.0
            entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": low}
            values = np.round((values - low) / scale).astype(np.uint8)
        entries.append(entry)
        data += values.astype(values.dtype.newbyteorder("<")).tobytes()
    assert len(data) == sum(math.prod(e["shape"]) * (1 if quantized else 4) for e in entries)
    return entries, data


def theirs_of_mobileface(ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Lay a state dict out as the graph model has it."""
    found = {"conv1_weight": ours["conv.weight"].permute(2, 3, 1, 0), "prelu1_gamma": ours["prelu.weight"]}
    for index in range(4):
        stage, name = f"stages.{index}", f"stage{index + 1}_unit1"
        found[f"{name}_conv0_0_weight"] = ours[f"{stage}.point.weight"].permute(2, 3, 1, 0)
        found[f"{name}_conv0_1_df"] = ours[f"{stage}.down.weight"].permute(2, 3, 0, 1)
        for step in (1, 2):
            found[f"{name}_conv{step}_df"] = ours[f"{stage}.conv{step}.weight"].permute(2, 3, 0, 1)
        for step in (0, 1, 2):
            found[f"{name}_prelu{step}_gamma"] = ours[f"{stage}.prelu{step}.weight"]
    kernel = ours["fc.weight"].reshape(256, 128, 4, 4).permute(2, 3, 1, 0).reshape(2048, 256)
    return {**found, "dense/kernel": kernel, "batchnorm0/mul": ours["scale"], "batchnorm0/sub": ours["shift"]}


def theirs_of_face_recognition(ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Lay a state dict out as the ported network has it."""
    found = {"fc": ours["fc.weight"].mT}
    places = {"conv32_down": "stem"} | {f"{b}/{c}": f"blocks.{b}.{c}" for b in BLOCKS for c in ("conv1", "conv2")}
    for name, place in places.items():
        found[f"{name}/conv/filters"] = ours[f"{place}.conv.weight"].permute(2, 3, 1, 0)
        found[f"{name}/conv/bias"] = ours[f"{place}.conv.bias"]
        found[f"{name}/scale/weights"] = ours[f"{place}.scale"]
        found[f"{name}/scale/biases"] = ours[f"{place}.shift"]
    return found


def manifest(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"paths": ["data.bin"], "weights": entries}]


def mobileface_package(path: Path, ours: Mapping[str, Tensor]) -> Path:
    entries, data = tensorflow_js(theirs_of_mobileface(ours))
    files = {
        "package/models/mobileface.json": json.dumps({"weightsManifest": manifest(entries)}).encode(),
        "package/models/mobileface.bin": data,
    }
    return npm_package(path, files)


def lpips_package(path: Path, heads: list[Tensor]) -> Path:
    buffer = io.BytesIO()
    torch.save({f"lin{i}.model.1.weight": head.reshape(1, -1, 1, 1) for i, head in enumerate(heads)}, buffer)
    return wheel(path, {"lpips/weights/v0.1/vgg.pth": buffer.getvalue()})
