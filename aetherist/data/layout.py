"""How a data set lies on disk.

A folder, or a zip of one, holds pictures and ``dataset.json``::

    {
      "labels": [["images/000000/000.png", [25 numbers]], ...],

      "attributes": {"images/000000/000.png": {"identity": 0, "age": 34.2, ...}, ...},
      "masks":      {"images/000000/000.png": "masks/000000/000.png", ...},
      "depths":     {"images/000000/000.png": "depths/000000/000.png", ...},
      "depth_unit": 0.0005,
      "about":      {...}
    }

``labels`` is the field's own convention: an OpenCV camera-to-world pose by rows, then intrinsics normalised by the
picture's size by rows. The other keys are optional and other readers pass them over. A mask is a grey picture, the
share of each pixel that is covered. A depth is a grey picture of 16 bits; times ``depth_unit`` it is the distance
along the ray in world units, and 0 means that nothing was hit. ``about`` says where the set comes from.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import attrs

from aetherist.data.source import Source

INDEX = "dataset.json"
DEPTH_UNIT = 5e-4
PARTIAL = ".partial"
"""The end of the name of a file that is still being written."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@attrs.frozen
class Record:
    """One picture of a data set and what is known about it; ``camera`` is the 25 numbers as the file has them."""

    path: str
    camera: tuple[float, ...]
    attributes: dict[str, Any]
    mask: str | None
    depth: str | None


@attrs.frozen
class Index:
    """What ``dataset.json`` says: the pictures, ordered by path, the unit of depth, and where the set comes from."""

    records: tuple[Record, ...]
    depth_unit: float
    about: dict[str, Any]


def read_plain(source: Source) -> dict[str, Any]:
    """Return ``dataset.json`` as plain JSON, with ``labels`` known to be a list.

    Raises:
        ValueError: If it is missing, is no JSON, or has no labels.
    """
    if INDEX not in source.names():
        raise ValueError(f"{source.path}: no {INDEX} at the top; it lists the pictures with their cameras")
    try:
        plain = json.loads(source.read(INDEX))
    except ValueError as error:
        raise ValueError(f"{source.path}: {INDEX} is not valid JSON: {error}") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("labels"), list):
        raise ValueError(f'{source.path}: {INDEX} has no "labels" list of [path, [25 numbers]]; cameras are needed')
    return plain


def read_index(source: Source) -> Index:
    """Read the index of a data set.

    Raises:
        ValueError: If a label is malformed; the text names the entry. ``check_dataset`` finds all faults at once.
    """
    plain = read_plain(source)
    facts, masks, depths = (plain.get(key) or {} for key in ("attributes", "masks", "depths"))
    records = []
    for number, label in enumerate(plain["labels"]):
        fault = label_fault(label)
        if fault is not None:
            raise ValueError(f"{source.path}: {INDEX}: labels[{number}]: {fault}")
        path, camera = label
        records.append(Record(path, tuple(camera), facts.get(path, {}), masks.get(path), depths.get(path)))
    if not records:
        raise ValueError(f'{source.path}: {INDEX}: "labels" is empty')
    records.sort(key=lambda record: record.path)
    return Index(tuple(records), float(plain.get("depth_unit", DEPTH_UNIT)), plain.get("about") or {})


def label_fault(label: Any) -> str | None:
    """Return what is wrong with the form of one label, or None."""
    if not isinstance(label, list) or len(label) != 2 or not isinstance(label[0], str):
        return "not [path, [25 numbers]]"
    camera = label[1]
    if not isinstance(camera, list) or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in camera):
        return f"the camera of {label[0]} is not a list of numbers"
    if len(camera) != 25:
        return f"the camera of {label[0]} has {len(camera)} numbers, not 25 (a 4x4 pose, then 3x3 intrinsics)"
    return None


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    partial.write_bytes(data)
    partial.replace(path)


def pack(folder: Path, out: Path) -> None:
    """Pack a folder into a zip, uncompressed because pictures already are, the same bytes for the same files."""
    partial = out.with_name(f"{out.name}{PARTIAL}")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED if path.suffix == ".json" else zipfile.ZIP_STORED
                archive.writestr(info, path.read_bytes())
    partial.replace(out)
