"""Where the weights of pretrained networks lie, and what they are.

A network's weights are one safetensors file whose metadata says where they came from. They are found by a name that
``aetherist weights list`` shows, in the user's cache, or by a path.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from safetensors import safe_open
from torch import Tensor

METADATA = "aetherist.network"
"""Key of a file's metadata that holds its provenance, as JSON."""

STANDARD_FILES = {
    "397923af": "VGG16 (ImageNet), as LPIPS and perceptual losses use it",
    "6726825d": "Inception-v3 (2015-12-05), as FID uses it",
}
"""Files that papers' numbers are made with, by the first eight digits of their SHA-256."""


@attrs.frozen
class Provenance:
    """What a network's weights are.

    Attributes:
        name: What to call them.
        standard: Whether they are those that papers' numbers are made with; if not, no number compares with theirs.
        source: Package and version, or file.
        licence: Under which they come; empty where that is not known.
    """

    name: str
    standard: bool = False
    source: str = ""
    licence: str = ""

    @property
    def label(self) -> str:
        """A line to print beside every number that was made with the network."""
        what = f"{self.name} ({self.source})" if self.source else self.name
        return what if self.standard else f"{what}; not the network that papers use"


UNTRAINED = Provenance("untrained network")


def cache_folder() -> Path:
    """Return the user's cache: ``$AETHERIST_CACHE``, or the platform's usual place."""
    if chosen := os.environ.get("AETHERIST_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "aetherist" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "aetherist"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aetherist"


def cached(name: str) -> Path:
    """Return where the weights called ``name`` lie once they have been fetched."""
    return cache_folder() / "networks" / f"{name}.safetensors"


def read_weights(named: str) -> tuple[dict[str, Tensor], Provenance]:
    """Return the tensors of a network, and what they are.

    Args:
        named: A name from ``aetherist weights list``, or the path of a safetensors or PyTorch file.

    Raises:
        ValueError: If there is no such file, or it is not one of weights.
    """
    path = Path(named) if _is_path(named) else cached(named)
    if not path.is_file():
        if _is_path(named):
            raise ValueError(f"there is no file {named}; 'weights' is a path, or a name from: aetherist weights list")
        raise ValueError(
            f"the weights '{named}' are not in the cache ({path}); fetch them: aetherist weights get {named}"
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return _read_pytorch(path), provenance_of_file(path)


def _is_path(named: str) -> bool:
    return "/" in named or "\\" in named or "." in named


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], Provenance]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in sorted(file.keys())}
    except Exception as error:
        raise ValueError(f"{path} cannot be read as safetensors: {error}") from error
    if METADATA not in metadata:
        return tensors, provenance_of_file(path)
    return tensors, Provenance(**json.loads(metadata[METADATA]))


def _read_pytorch(path: Path) -> dict[str, Tensor]:
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} holds more than weights, or is damaged: {error}") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError(f"{path} is no state dict: a mapping of names to tensors is wanted")
    return dict(found)


def provenance_of_file(path: Path) -> Provenance:
    """Return what is known of a file that a user brings: its digest, and whether that is a well-known one."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = STANDARD_FILES.get(digest[:8])
    source = f"{path.name}, sha256 {digest[:12]}"
    return Provenance(known or "network of one's own", standard=known is not None, source=source)
