"""Meshes as files: GLB, OBJ, PLY and STL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from aetherist.base.files import write_whole
from aetherist.core.errors import did_you_mean
from aetherist.export.meshes import METRES, Mesh
from aetherist.export.packages import needed
from aetherist.export.pictures import encode_picture

MATERIAL = "newmtl avatar\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {picture}\n"
"""What an OBJ says of a textured surface: matt, and of the colours of the picture."""


def write_mesh(
    path: str | Path, mesh: Mesh, *, scale: float = METRES, metadata: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write a mesh in the format of the file's name: ``.glb``, ``.obj``, ``.ply`` or ``.stl``.

    All have y up and the face towards +z, as glTF asks, and lengths in metres. GLB keeps a texture or linear colours
    at the vertices, and normals; OBJ keeps a texture, in two more files beside it, or colours; PLY keeps colours; STL
    keeps the shape alone.

    Args:
        path: Where to; its folder exists.
        mesh: In world units.
        scale: Metres in a world unit; 1 writes world units.
        metadata: JSON-ready, kept where the format has a place for it: all but STL.

    Returns:
        The files written, each whole.

    Raises:
        ValueError: If the format is unknown, or has no place for the mesh's texture.
        OSError: If a file cannot be written.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        known = ", ".join(WRITERS)
        raise ValueError(
            f"{path.name}: no mesh format; the name ends in {known}. {did_you_mean(path.suffix.lower(), WRITERS)}"
        )
    if mesh.texture is not None and writer in (_ply, _stl):
        raise ValueError(f"{path.name}: this format keeps no texture; write .glb or .obj, or colours at the vertices")
    if not scale > 0:
        raise ValueError(f"scale={scale}: metres in a world unit; give a positive number")
    files = writer(path, mesh, scale, None if metadata is None else one_line(metadata))
    for file, data in files.items():
        write_whole(file, data)
    return [path, *(file for file in files if file != path)]


def linear_from_srgb(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return colours in proportion to light, in [0, 1] (IEC 61966-2-1)."""
    unit = colours / 255.0
    linear: NDArray[np.float64] = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    return linear


def one_line(metadata: Mapping[str, Any]) -> str:
    """Return metadata as JSON of one line, in ASCII."""
    return json.dumps(metadata, sort_keys=True, separators=(",", ":"))


def _glb(path: Path, mesh: Mesh, scale: float, about: str | None) -> dict[Path, bytes]:
    trimesh = needed("trimesh")
    rough = trimesh.visual.material.PBRMaterial(metallicFactor=0.0, roughnessFactor=1.0)
    attributes = {}
    if mesh.texture is not None:
        rough.baseColorTexture = Image.fromarray(mesh.texture)
        rough.baseColorFactor = [255, 255, 255, 255]
    elif mesh.colours is not None:
        # Colours at vertices are linear in glTF, and eight bits would not do for the dark ones.
        opaque = np.ones((len(mesh.vertices), 1))
        rgba = np.concatenate([linear_from_srgb(mesh.colours), opaque], axis=1)
        attributes["_rgba"] = (rgba * 65535 + 0.5).astype(np.uint16)
    shape = trimesh.Trimesh(
        mesh.vertices * scale,
        mesh.faces,
        vertex_normals=mesh.normals,
        vertex_attributes=attributes,
        visual=trimesh.visual.TextureVisuals(uv=mesh.uv, material=rough),
        process=False,
    )

    def as_colours(tree: dict[str, Any]) -> None:
        tree["asset"] = {"version": "2.0", "generator": "Aetherist"}
        if about is not None:
            tree["asset"]["extras"] = {"aetherist": json.loads(about)}
        if attributes:
            given = tree["meshes"][0]["primitives"][0]["attributes"]
            given["COLOR_0"] = given.pop("_rgba")
            accessor = tree["accessors"][given["COLOR_0"]]
            accessor["normalized"] = True
            accessor.pop("min", None)
            accessor.pop("max", None)

    data = trimesh.exchange.gltf.export_glb(
        trimesh.Scene({"avatar": shape}), include_normals=True, tree_postprocessor=as_colours
    )
    return {path: data}


def _obj(path: Path, mesh: Mesh, scale: float, about: str | None) -> dict[Path, bytes]:
    trimesh = needed("trimesh")
    if mesh.texture is None:
        visual = _coloured(mesh)
    else:
        material = trimesh.visual.material.SimpleMaterial(image=Image.fromarray(mesh.texture), name="avatar")
        visual = trimesh.visual.TextureVisuals(uv=mesh.uv, material=material)
    shape = trimesh.Trimesh(
        mesh.vertices * scale, mesh.faces, vertex_normals=mesh.normals, visual=visual, process=False
    )
    header = "Aetherist" if about is None else f"Aetherist {about}"
    text, _ = trimesh.exchange.obj.export_obj(
        shape, include_normals=True, return_texture=True, mtl_name=f"{path.stem}.mtl", header=header
    )
    files = {path: text.encode()}
    if mesh.texture is not None:
        picture = encode_picture(torch.from_numpy(mesh.texture).movedim(-1, 0))
        files = {
            path.with_suffix(".png"): picture,
            path.with_suffix(".mtl"): MATERIAL.format(picture=f"{path.stem}.png").encode(),
            **files,
        }
    return files


def _ply(path: Path, mesh: Mesh, scale: float, about: str | None) -> dict[Path, bytes]:
    trimesh = needed("trimesh")
    shape = trimesh.Trimesh(mesh.vertices * scale, mesh.faces, visual=_coloured(mesh), process=False)
    data: bytes = trimesh.exchange.ply.export_ply(shape, vertex_normal=False)
    return {path: data if about is None else commented_ply(data, about)}


def commented_ply(data: bytes, about: str) -> bytes:
    """Return a PLY file with one more line of comment."""
    head, end, body = data.partition(b"end_header")
    return head + b"comment aetherist " + about.encode("ascii") + b"\n" + end + body


def _stl(path: Path, mesh: Mesh, scale: float, _: str | None) -> dict[Path, bytes]:
    trimesh = needed("trimesh")
    return {path: trimesh.exchange.stl.export_stl(trimesh.Trimesh(mesh.vertices * scale, mesh.faces, process=False))}


def _coloured(mesh: Mesh) -> Any:
    trimesh = needed("trimesh")
    return None if mesh.colours is None else trimesh.visual.ColorVisuals(vertex_colors=mesh.colours)


Writer = Callable[[Path, Mesh, float, str | None], dict[Path, bytes]]
WRITERS: dict[str, Writer] = {".glb": _glb, ".obj": _obj, ".ply": _ply, ".stl": _stl}
"""What writes each format, by the end of the file's name."""
