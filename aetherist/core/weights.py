"""A model as a folder: ``recipe.yaml``, one safetensors file a component, and a manifest with digests.

Folders are written beside their place and renamed into it, so that a reader meets a whole model or none. Loading opens
no pickle, checks every digest, and names each tensor that is missing, surplus or misshapen.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save, save_file
from torch import nn

from aetherist.base import document
from aetherist.core.component import Component
from aetherist.core.errors import WeightsError
from aetherist.core.recipe import Recipe
from aetherist.core.registry import distribution_of

FORMAT = 1
RECIPE_FILE = "recipe.yaml"
MANIFEST_FILE = "manifest.json"
MAX_MANIFEST = 8_000_000


class ComponentEntry(BaseModel):
    """What the manifest says of one component."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    distribution: str
    tensors: int
    parameters: int
    file: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*\.safetensors$")
    sha256: str | None = None
    compact: bool = False


class Manifest(BaseModel):
    """The contents of ``manifest.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    name: str
    recipe_sha256: str
    components: dict[str, ComponentEntry]
    metadata: dict[str, Any] = Field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A name for the model: the SHA-256 over its recipe's and its weights' digests."""
        parts = [self.recipe_sha256, *(f"{n}={e.sha256}" for n, e in sorted(self.components.items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def save_model(
    folder: str | Path,
    recipe: Recipe,
    components: Mapping[str, nn.Module],
    *,
    metadata: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    compact: bool = False,
) -> Manifest:
    """Write a model folder, whole or not at all.

    Args:
        folder: Where to; its parent is created.
        recipe: What the components belong to; written as it composes.
        components: The modules under their names in the recipe.
        metadata: JSON-ready facts to keep with the model.
        overwrite: Whether to replace a model that is there.
        compact: Whether to keep real numbers in 16 bits (fp16), at half the size. They are read back in the precision
            of the component, so the model computes as before but for their rounding.

    Raises:
        WeightsError: If the folder exists and may not be replaced: not asked to, or it holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not overwrite:
        raise WeightsError(f"AE606  {folder} exists; choose another folder, or allow it to be replaced")
    if folder.exists() and not (folder / MANIFEST_FILE).is_file() and (folder.is_file() or any(folder.iterdir())):
        raise WeightsError(f"AE606  {folder} is no model, so it is not replaced; choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        manifest = _write(draft, recipe, components, metadata or {}, compact)
        _move_into_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def read_manifest(folder: str | Path) -> Manifest:
    """Read and validate a model folder's manifest.

    Raises:
        WeightsError: If it is missing, malformed, or of a format that this version does not read.
    """
    path = Path(folder) / MANIFEST_FILE
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise WeightsError(f"AE601  {path} is larger than {MAX_MANIFEST:,} bytes")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"AE601  {folder} is no model folder: {MANIFEST_FILE}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"AE601  {path} is no valid JSON: {error}") from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT:
        raise WeightsError(f"AE605  {path} has format {version!r}; this version of Aetherist reads format {FORMAT}")
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WeightsError(f"AE601  {path}: {place}: {first['msg']}") from None


def read_recipe(folder: str | Path, manifest: Manifest) -> str:
    """Return the text of a model folder's recipe.

    Raises:
        WeightsError: If it is not the one that the model was saved with.
    """
    path = Path(folder) / RECIPE_FILE
    try:
        if path.stat().st_size > document.MAX_BYTES or _digest(path) != manifest.recipe_sha256:
            message = "is not what the model was saved with: its SHA-256 is not the one in the manifest"
            raise WeightsError(f"AE602  {path} {message}; to change a setting, override it")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"AE602  {path} cannot be read: {getattr(error, 'strerror', error)}") from None


def model_digest(recipe: Recipe, components: Mapping[str, nn.Module], *, compact: bool = False) -> str:
    """Return the digest that the manifest of these components would have, were they saved now."""
    parts = [hashlib.sha256(recipe.to_yaml().encode()).hexdigest()]
    for name, module in sorted(components.items()):
        state = _storable(module, compact)
        own = hashlib.sha256(save(state, metadata={"component": name})).hexdigest() if state else None
        parts.append(f"{name}={own}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load_weights(folder: str | Path, components: Mapping[str, nn.Module], manifest: Manifest | None = None) -> Manifest:
    """Fill modules from a model folder; they take over the precision in which the tensors were saved, unless compact.

    Raises:
        WeightsError: If a file is damaged, or tensors are missing, surplus or misshapen; nothing is loaded then.
    """
    folder = Path(folder)
    manifest = manifest or read_manifest(folder)
    states: dict[str, dict[str, torch.Tensor]] = {}
    problems: list[str] = []
    for name, module in components.items():
        entry = manifest.components.get(name)
        if entry is None:
            problems.append(f"AE603  the model has no component '{name}'")
            continue
        states[name] = {} if entry.file is None else _read(folder / entry.file, entry)
        problems += state_problems(name, module, states[name])
    if problems:
        raise WeightsError("\n".join(problems))
    for name, state in states.items():
        if manifest.components[name].compact:
            components[name].load_state_dict(state)
            continue
        for key, tensor in components[name].state_dict(keep_vars=True).items():
            if tensor.dtype != state[key].dtype:
                tensor.data = tensor.data.to(state[key].dtype)
        components[name].load_state_dict(state)
    return manifest


def state_problems(name: str, module: nn.Module, state: Mapping[str, torch.Tensor]) -> list[str]:
    """Return a line for each tensor that is missing, surplus, misshapen or of another kind, and what is expected."""
    expected = module.state_dict()
    problems = []
    for key, tensor in expected.items():
        if key not in state:
            problems.append(f"AE603  {name}.{key} is missing; it should have the shape {tuple(tensor.shape)}")
        elif state[key].shape != tensor.shape:
            found = tuple(state[key].shape)
            problems.append(f"AE604  {name}.{key} has the shape {found}; it should have {tuple(tensor.shape)}")
        elif _kind(state[key]) != _kind(tensor):
            problems.append(f"AE604  {name}.{key} holds {_kind(state[key])}; it should hold {_kind(tensor)}")
    problems += [f"AE603  {name}.{key} belongs to nothing in the component" for key in state if key not in expected]
    return problems


def _kind(tensor: torch.Tensor) -> str:
    if tensor.is_floating_point():
        return "real numbers"
    return str(tensor.dtype).removeprefix("torch.")


def _write(
    folder: Path, recipe: Recipe, components: Mapping[str, nn.Module], metadata: Mapping[str, Any], compact: bool
) -> Manifest:
    entries = {}
    for name, module in components.items():
        state = _storable(module, compact)
        file = f"{name}.safetensors" if state else None
        if file is not None:
            try:
                save_file(state, folder / file, metadata={"component": name})
            except SafetensorError as error:
                raise OSError(f"{file} cannot be written: {error}") from None
            _flush(folder / file)
        kind = type(module)
        entries[name] = ComponentEntry(
            type=kind.component_name if issubclass(kind, Component) else kind.__qualname__,
            distribution=distribution_of(kind),
            tensors=len(state),
            parameters=sum(p.numel() for p in module.parameters()),
            file=file,
            sha256=_digest(folder / file) if file is not None else None,
            compact=compact and file is not None,
        )
    (folder / RECIPE_FILE).write_text(recipe.to_yaml(), encoding="utf-8")
    manifest = Manifest(
        format=FORMAT,
        name=recipe.name,
        recipe_sha256=_digest(folder / RECIPE_FILE),
        components=entries,
        metadata=dict(metadata),
    )
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    folder.chmod(0o755)
    return manifest


def _storable(module: nn.Module, compact: bool) -> dict[str, torch.Tensor]:
    """Return the state with every tensor on the CPU, contiguous, and with memory of its own."""
    state = {
        key: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for key, tensor in module.state_dict().items()
    }
    return {key: t.half() if t.is_floating_point() else t for key, t in state.items()} if compact else state


def _read(path: Path, entry: ComponentEntry) -> dict[str, torch.Tensor]:
    try:
        if _digest(path) != entry.sha256:
            raise WeightsError(f"AE602  {path} is damaged: its SHA-256 is not the one in the manifest; copy it again")
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise WeightsError(f"AE602  {path} cannot be read: {error.strerror or error}") from None
    except SafetensorError as error:
        raise WeightsError(f"AE602  {path} is no safetensors file: {error}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _move_into_place(draft: Path, folder: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        folder.rename(old / folder.name)
        draft.rename(folder)
    finally:
        if not folder.exists():  # whatever went wrong, an interruption too
            (old / folder.name).rename(folder)
        shutil.rmtree(old, ignore_errors=True)
