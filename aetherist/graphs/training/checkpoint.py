"""Checkpoints: whole or not there, and complete, so that a training that goes on is the one that never stopped.

A checkpoint is a folder of two files, named after the images seen. It is written beside its place under a name that
nobody reads, flushed to the disk, and renamed; older ones go only after that. Whatever moment the process is killed
at, the folders that are there are whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from aetherist.graphs.training.errors import TrainingError
from aetherist.graphs.training.trees import pack, unpack

FORMAT = 1
STATE_FILE = "state.json"
TENSOR_FILE = "tensors.safetensors"

_NAME = re.compile(r"[0-9]{12}")


def save_checkpoint(folder: Path, images: int, state: Mapping[str, Any], *, keep: int) -> Path:
    """Write a checkpoint, unless that moment has one already; then remove all but the latest.

    Args:
        folder: Of all checkpoints of a run; created if need be.
        images: How many have been seen.
        state: Nested maps and lists of tensors and plain data.
        keep: How many stay, this one among them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place, draft = folder / f"{images:012d}", folder / f".{images:012d}.part"
    if place.exists():
        return place
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    data, tensors = pack(state)
    save_file(tensors, draft / TENSOR_FILE)
    text = json.dumps({"format": FORMAT, "sha256": _digest(draft / TENSOR_FILE), "state": data})
    (draft / STATE_FILE).write_text(text, encoding="utf-8")
    for file in (TENSOR_FILE, STATE_FILE, ""):
        _flush(draft / file)
    draft.rename(place)
    _flush(folder)
    for old in checkpoints(folder)[:-keep]:
        _remove(old)
    return place


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run, the latest last."""
    return sorted(path for path in folder.glob("*") if _NAME.fullmatch(path.name)) if folder.is_dir() else []


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the latest checkpoint of a run, or ``None`` if there is none."""
    found = checkpoints(folder)
    return found[-1] if found else None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state of a checkpoint.

    Raises:
        TrainingError: If it is damaged, or of a format that this version does not read.
    """
    try:
        data = json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise TrainingError(
                f"{path} has format {data['format']}; this version of Aetherist reads format {FORMAT}. "
                "Go on with the version that wrote it"
            )
        if _digest(path / TENSOR_FILE) != data["sha256"]:
            raise TrainingError(f"{path} is damaged: its tensors are not the ones that were written; use an older one")
        state: dict[str, Any] = unpack(data["state"], load_file(path / TENSOR_FILE))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"{path} is no whole checkpoint ({error}); use an older one") from None
    return state


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written or half-removed."""
    for path in folder.glob(".*") if folder.is_dir() else ():
        shutil.rmtree(path, ignore_errors=True)


def _remove(path: Path) -> None:
    """Take a folder away at once for whoever reads, then file by file."""
    gone = path.with_name(f".{path.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    path.rename(gone)
    shutil.rmtree(gone)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
