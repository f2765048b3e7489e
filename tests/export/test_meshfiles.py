"""Mesh files, reopened."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
import trimesh

from aetherist.components.cameras import Cameras
from aetherist.export.meshes import METRES, Mesh, extract_mesh
from aetherist.export.meshfiles import linear_from_srgb, write_mesh
from aetherist.export.raster import draw_mesh
from aetherist.export.texture import bake_texture, unwrap
from tests.export.shapes import RADIUS, quadrants, sphere, torus


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return extract_mesh(torus, resolution=32, colour=quadrants)


@pytest.fixture(scope="module")
def textured(mesh: Mesh) -> Mesh:
    angles = [(0, 0), (1.57, 0), (3.14, 0), (-1.57, 0), (0, 1.2), (0, -1.2)]
    cameras = Cameras.stack([Cameras.from_angles(yaw, pitch, pivot=(0, 0, 0), focal=2.5) for yaw, pitch in angles])
    pictures = np.stack([draw_mesh(mesh, camera, 96, shading="colour").numpy() for camera in cameras])
    return bake_texture(attrs.evolve(mesh, colours=None), cameras, torch.from_numpy(pictures) / 255, size=256)


def opened(path: Path) -> trimesh.Trimesh:
    scene = trimesh.load(path, force="mesh")
    scene.merge_vertices(merge_norm=True, merge_tex=True)
    return scene


def parts_of_glb(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


@pytest.mark.parametrize("suffix", [".glb", ".obj", ".ply", ".stl"])
def test_a_file_holds_the_shape_in_metres(tmp_path, mesh, suffix):
    path = tmp_path / f"head{suffix}"
    assert write_mesh(path, mesh, metadata={"seed": 7}) == [path]
    again = opened(path)
    assert again.is_watertight
    assert again.is_winding_consistent
    assert again.volume == pytest.approx(mesh.volume * METRES**3, rel=1e-4)
    assert again.bounds[1] == pytest.approx(mesh.vertices.max(axis=0) * METRES, abs=1e-5)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".obj", ".ply"])
def test_colours_come_back(tmp_path, mesh, suffix):
    mesh.save(tmp_path / f"head{suffix}", scale=1)
    again = trimesh.load(tmp_path / f"head{suffix}", force="mesh", process=False)
    assert np.abs(again.visual.vertex_colors[:, :3].astype(int) - mesh.colours).max() <= 1


def test_glb_colours_are_linear_in_sixteen_bits_on_a_matt_surface(tmp_path, mesh):
    mesh.save(tmp_path / "head.glb", metadata={"seed": 7})
    tree, data = parts_of_glb(tmp_path / "head.glb")
    primitive = tree["meshes"][0]["primitives"][0]
    assert set(primitive["attributes"]) == {"POSITION", "NORMAL", "COLOR_0"}
    accessor = tree["accessors"][primitive["attributes"]["COLOR_0"]]
    assert (accessor["componentType"], accessor["type"], accessor["normalized"]) == (5123, "VEC4", True)
    start = tree["bufferViews"][accessor["bufferView"]]["byteOffset"]
    colours = np.frombuffer(data, "<u2", 4 * accessor["count"], start).reshape(-1, 4) / 65535
    assert colours[:, :3] == pytest.approx(linear_from_srgb(mesh.colours), abs=1e-4)
    assert (colours[:, 3] == 1).all()
    surface = tree["materials"][primitive["material"]]["pbrMetallicRoughness"]
    assert (surface["metallicFactor"], surface["roughnessFactor"]) == (0, 1)
    assert tree["asset"]["extras"] == {"aetherist": {"seed": 7}}


def test_linear_colours_are_those_of_the_standard():
    assert linear_from_srgb(np.array([0, 10, 128, 255], np.uint8)) == pytest.approx(
        [0, 0.00303527, 0.21586050, 1], abs=1e-7
    )


def test_files_say_how_they_were_made(tmp_path, mesh):
    for suffix in (".ply", ".obj"):
        mesh.save(tmp_path / f"head{suffix}", metadata={"seed": 7})
        assert b'{"seed":7}\n' in (tmp_path / f"head{suffix}").read_bytes()[:1000]


def test_a_baked_texture_shows_what_the_pictures_show(textured, mesh):
    assert textured.watertight
    assert textured.volume == pytest.approx(mesh.volume)
    camera = Cameras.from_angles(0.3, 0.2, pivot=(0, 0, 0), focal=2.5)
    before = draw_mesh(mesh, camera, 96, shading="colour").int()
    after = draw_mesh(textured, camera, 96, shading="colour").int()
    assert ((before - after).abs().amax(dim=0) > 40).float().mean() < 0.03


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_textures_come_back(tmp_path, textured, suffix):
    path = tmp_path / f"my head{suffix}"
    files = textured.save(path)
    assert files[0] == path
    assert sorted(file.suffix for file in files) == ([".glb"] if suffix == ".glb" else [".mtl", ".obj", ".png"])
    again = trimesh.load(path, force="mesh", process=False)
    surface = again.visual.material
    picture = np.asarray((surface.baseColorTexture if suffix == ".glb" else surface.image).convert("RGB"))
    assert (picture == textured.texture).all()
    assert again.visual.uv == pytest.approx(textured.uv, abs=1e-5)


def test_an_unwrapped_mesh_fills_the_square_without_overlaps():
    flat = unwrap(extract_mesh(sphere, resolution=20), 128)
    assert flat.uv.min() >= 0
    assert flat.uv.max() <= 1
    a, b, c = (flat.uv[flat.faces[:, corner]] for corner in range(3))
    areas = np.abs(np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2]) / 2
    assert 0.3 < areas.sum() < 1
    assert flat.volume == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.05)


def test_a_mesh_that_cannot_be_unwrapped_says_what_to_do():
    with pytest.raises(ValueError, match=r"faces; simplify it first \(faces=20,000\)"):
        unwrap(extract_mesh(sphere, resolution=20), 128, timeout=0.01)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("head.fbx", {}, r"no mesh format; the name ends in .glb, .obj, .ply, .stl"),
        ("head.glb", {"scale": 0.0}, "scale=0.0: metres in a world unit"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, mesh, name, options, text):
    with pytest.raises(ValueError, match=text):
        write_mesh(tmp_path / name, mesh, **options)
    assert not list(tmp_path.iterdir())


def test_a_texture_has_no_place_in_ply_and_stl(tmp_path, textured):
    with pytest.raises(ValueError, match=r"keeps no texture; write .glb or .obj"):
        textured.save(tmp_path / "head.stl")
