"""Where checkpoints come from: a training-snapshot pickle, or safetensors with an arguments file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from aetherist.interop.errors import CheckpointError
from aetherist.interop.pickles import Record, StoredTensor, read_pickle
from aetherist.interop.pickles.errors import printable
from aetherist.interop.pickles.tensors import load
from aetherist.interop.pickles.values import ITEM_SIZES, kind

MAX_DEPTH = 32
MAX_MODULES = 10_000
MAX_ARGUMENTS_BYTES = 1 << 20


@dataclass
class Checkpoint:
    """A checkpoint by reference names, before anything is made of it."""

    generator: dict[str, Tensor]
    discriminator: dict[str, Tensor] | None
    arguments: Mapping[str, Any]
    described: str
    """Which part of which file, for the recipe's description."""
    notes: list[str] = field(default_factory=list)


def read_checkpoint(source: Path, arguments: Path | None, component: Literal["ema", "raw"]) -> Checkpoint:
    """Read a checkpoint by the kind of its file; `CheckpointError` says what is wrong with the file."""
    recorded = None if arguments is None else _arguments_file(arguments)
    if source.suffix.lower() == ".safetensors":
        if recorded is None:
            raise CheckpointError(
                f"{source}: a state dict does not say how its network was built; give its constructor arguments with"
                " --arguments config.json (keys: generator, discriminator, neural_rendering_resolution)"
            )
        return _state_dict(source, recorded, component)
    return _snapshot(source, recorded, component)


def _arguments_file(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ARGUMENTS_BYTES + 1)
    except OSError as fault:
        raise CheckpointError(f"{path}: cannot be read: {fault.strerror}") from None
    if len(content) > MAX_ARGUMENTS_BYTES:
        raise CheckpointError(f"{path}: an arguments file of more than {MAX_ARGUMENTS_BYTES} bytes")
    try:
        recorded = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise CheckpointError(f"{path}: is no JSON: {printable(str(fault))}") from None
    if not isinstance(recorded, dict) or not isinstance(recorded.get("generator"), dict):
        raise CheckpointError(
            f"{path}: expected an object with the key 'generator' (and 'discriminator', 'neural_rendering_resolution')"
        )
    return recorded


# Safetensors


def _state_dict(source: Path, recorded: Mapping[str, Any], component: str) -> Checkpoint:
    try:
        tensors = load_file(source)
    except OSError as fault:
        raise CheckpointError(f"{source}: cannot be read: {fault.strerror or fault}") from None
    except SafetensorError as fault:
        raise CheckpointError(f"{source}: is no safetensors file: {fault}") from None
    parts: dict[str, dict[str, Tensor]] = {"G": {}, "D": {}}
    notes = []
    for name, tensor in tensors.items():
        network, _, rest = name.partition(".")
        if network in parts and rest:
            parts[network][rest] = tensor
        else:
            notes.append(f"{printable(name)} belongs to neither network (names begin with G. or D.)")
    if not parts["G"]:
        some = ", ".join(printable(name) for name in sorted(tensors)[:3]) or "none at all"
        raise CheckpointError(
            f"{source}: no tensor is named G.<reference name>, such as G.backbone.mapping.fc0.weight; found: {some}"
        )
    if component == "raw":
        notes.append("a state dict holds one generator; --component has no effect")
    return Checkpoint(parts["G"], parts["D"] or None, recorded, source.name, notes[:20])


# Snapshots


def _snapshot(source: Path, recorded: Mapping[str, Any] | None, component: Literal["ema", "raw"]) -> Checkpoint:
    top = read_pickle(source)
    if not isinstance(top, dict):
        raise CheckpointError(f"{source}: holds {kind(top)}; a training snapshot is a dict with G_ema, G and D")
    key = "G_ema" if component == "ema" else "G"
    network = top.get(key)
    if not isinstance(network, Record):
        here = ", ".join(printable(name) for name, value in list(top.items())[:8] if isinstance(value, Record))
        raise CheckpointError(
            f"{source}: has no network {key} to import (--component {component}); networks in it: {here or 'none'}"
        )
    discriminator = top.get("D")
    budget = [2 * source.stat().st_size]
    return Checkpoint(
        _tensors(network, f"{source}: {key}", budget),
        _tensors(discriminator, f"{source}: D", budget) if isinstance(discriminator, Record) else None,
        recorded or _recorded(network, discriminator, f"{source}: {key}"),
        f"{key} of {source.name}",
    )


def _recorded(network: Record, discriminator: object, where: str) -> Mapping[str, Any]:
    """The constructor arguments in a snapshot, updated by what the trained network carries itself."""
    generator = _constructor_arguments(network, where)
    rendering = network.state.get("rendering_kwargs")
    if isinstance(rendering, dict):
        generator["rendering_kwargs"] = rendering
    recorded: dict[str, Any] = {"generator": generator}
    resolution = network.state.get("neural_rendering_resolution")
    if resolution is not None:
        recorded["neural_rendering_resolution"] = resolution
    if isinstance(discriminator, Record):
        recorded["discriminator"] = _constructor_arguments(discriminator, where.rpartition(" ")[0] + " D")
    return recorded


def _constructor_arguments(network: Record, where: str) -> dict[str, Any]:
    keywords, positional = network.state.get("_init_kwargs"), network.state.get("_init_args")
    if not isinstance(keywords, dict) or positional not in (None, (), []):
        raise CheckpointError(
            f"{where}: its constructor arguments are not recorded by name; give them with --arguments config.json"
        )
    return {str(key): value for key, value in keywords.items()}


def _tensors(network: Record, where: str, budget: list[int]) -> dict[str, Tensor]:
    """Parameters and buffers of a tree of records, by dotted name, copied out of the file."""
    tensors: dict[str, Tensor] = {}
    for name, stored in _walk(network, where):
        budget[0] -= stored.elements * ITEM_SIZES[stored.storage.dtype]
        if budget[0] < 0:
            raise CheckpointError(f"{where}: the same numbers serve many tensors, as in no honest snapshot")
        tensors[name] = load(stored)
    return tensors


def _walk(network: Record, where: str) -> Iterator[tuple[str, StoredTensor]]:
    waiting: list[tuple[str, Record, int]] = [("", network, 0)]
    visited = 0
    while waiting:
        prefix, module, depth = waiting.pop()
        visited += 1
        if depth > MAX_DEPTH or visited > MAX_MODULES:
            raise CheckpointError(f"{where}: modules are nested or repeated without end, as in no honest snapshot")
        hidden = module.state.get("_non_persistent_buffers_set")
        for group in ("_parameters", "_buffers"):
            for name, value in _named(module, group, where):
                if isinstance(value, StoredTensor) and not (isinstance(hidden, set | frozenset) and name in hidden):
                    yield f"{prefix}{name}", value
        for name, child in _named(module, "_modules", where):
            if isinstance(child, Record):
                waiting.append((f"{prefix}{name}.", child, depth + 1))


def _named(module: Record, group: str, where: str) -> list[tuple[str, object]]:
    members = module.state.get(group)
    if not isinstance(members, dict) or not all(isinstance(name, str) and len(name) < 200 for name in members):
        raise CheckpointError(f"{where}: {printable(module.class_name)} has no {group}; it is no module of torch")
    return [(str(name), value) for name, value in members.items()]
