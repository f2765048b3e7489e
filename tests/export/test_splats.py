"""Splats: read back from the file, and drawn, they are the surface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation

from aetherist.components.cameras import Cameras
from aetherist.export.meshes import extract_mesh
from aetherist.export.raster import rasterise
from aetherist.export.splats import PROPERTIES, splats_of, write_splats
from tests.export.shapes import RADIUS, quadrants, sphere, torus


def read(path: Path) -> dict[str, np.ndarray]:
    """Read the file as a viewer does: by the names of its header."""
    head, _, body = path.read_bytes().partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    count = next(int(line.split()[2]) for line in lines if line.startswith("element vertex"))
    names = [line.split()[2] for line in lines if line.startswith("property float")]
    values = np.frombuffer(body, "<f4").reshape(count, len(names))
    return {name: values[:, index].astype(np.float64) for index, name in enumerate(names)}


def rotations(w: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def stacked(columns: dict[str, np.ndarray], *names: str) -> np.ndarray:
    return np.stack([columns[name] for name in names], axis=1)


def drawn(columns: dict[str, np.ndarray], camera: Cameras, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw splats as the method does (Kerbl et al. 2023, section 4), all pixels and all splats at once."""
    turn = rotations(*(columns[f"rot_{i}"] for i in range(4)))
    spread = turn * np.exp(stacked(columns, "scale_0", "scale_1", "scale_2"))[:, None, :]
    world = spread @ spread.transpose(0, 2, 1)
    pose = camera.pose.double().numpy()
    local = (stacked(columns, "x", "y", "z") - pose[:3, 3]) @ pose[:3, :3]
    focal, depth = float(camera.focal) * size, local[:, 2]
    jacobian = np.zeros((len(depth), 2, 3))
    jacobian[:, 0, 0] = jacobian[:, 1, 1] = focal / depth
    jacobian[:, :, 2] = -focal * local[:, :2] / depth[:, None] ** 2
    flat = jacobian @ pose[:3, :3].T
    inverse = np.linalg.inv(flat @ world @ flat.transpose(0, 2, 1) + 0.3 * np.eye(2))
    place = local[:, :2] / depth[:, None] * focal + size / 2
    colour = 0.5 + 0.28209479177387814 * stacked(columns, "f_dc_0", "f_dc_1", "f_dc_2")
    opacity = 1 / (1 + np.exp(-columns["opacity"]))
    rows, across = np.mgrid[:size, :size] + 0.5
    clear, picture = np.ones((size, size)), np.zeros((size, size, 3))
    for i in np.argsort(depth):
        x, y = across - place[i, 0], rows - place[i, 1]
        (a, b), (_, c) = inverse[i]
        alpha = opacity[i] * np.exp(-0.5 * (a * x * x + 2 * b * x * y + c * y * y))
        picture += (clear * alpha)[..., None] * colour[i]
        clear = clear * (1 - alpha)
    return 1 - clear, picture


def test_the_layout_is_that_of_the_method(tmp_path):
    splats = splats_of(extract_mesh(sphere, resolution=24), 500, colour=quadrants)
    splats.save(tmp_path / "a.splat.ply", scale=1, metadata={"seed": 7})
    columns = read(tmp_path / "a.splat.ply")
    assert tuple(columns) == PROPERTIES
    assert len(columns["x"]) == len(splats) == 500
    centers = stacked(columns, "x", "y", "z")
    assert np.abs(np.linalg.norm(centers, axis=1) - RADIUS).max() < 5e-3
    assert 1 / (1 + np.exp(-columns["opacity"])) == pytest.approx(0.95)
    turned = rotations(*(columns[f"rot_{i}"] for i in range(4)))
    assert turned[:, :, 2] == pytest.approx(stacked(columns, "nx", "ny", "nz"), abs=1e-5)
    assert turned.transpose(0, 2, 1) @ turned == pytest.approx(np.broadcast_to(np.eye(3), (500, 3, 3)), abs=1e-5)
    colours = 0.5 + 0.28209479177387814 * stacked(columns, "f_dc_0", "f_dc_1", "f_dc_2")
    assert colours == pytest.approx(quadrants(torch.from_numpy(centers)).numpy(), abs=3e-3)
    assert b'comment aetherist {"seed":7}' in (tmp_path / "a.splat.ply").read_bytes()[:900]


def test_scale_moves_and_widens(tmp_path):
    splats = splats_of(extract_mesh(sphere, resolution=16, colour=quadrants), 50)
    for scale in (1.0, 2.0):
        write_splats(tmp_path / f"{scale}.ply", splats, scale=scale)
    one, two = read(tmp_path / "1.0.ply"), read(tmp_path / "2.0.ply")
    assert two["x"] == pytest.approx(2 * one["x"])
    assert np.exp(two["scale_0"] - one["scale_0"]) == pytest.approx(2.0)
    assert np.exp(one["scale_2"] - one["scale_0"]) == pytest.approx(0.1)


def test_drawn_splats_cover_the_surface_in_its_colours(tmp_path):
    mesh = extract_mesh(torus, resolution=48, colour=quadrants)
    splats_of(mesh, 2000).save(tmp_path / "a.ply", scale=1)
    camera = Cameras.from_angles(0.3, 0.2, pivot=(0, 0, 0), focal=2.5)
    alpha, picture = drawn(read(tmp_path / "a.ply"), camera, 64)
    raster = rasterise(mesh, camera, 64)
    seen = raster.face >= 0
    assert (alpha[seen] > 0.5).mean() > 0.99
    assert (alpha[~binary_dilation(seen, iterations=2)] < 0.5).all()
    difference = np.abs(picture - raster.interpolate(mesh, mesh.colours / 255.0)).max(axis=-1)
    assert np.median(difference[seen]) < 0.03


def test_they_are_spread_evenly_and_the_same_each_time():
    mesh = extract_mesh(sphere, resolution=24, colour=quadrants)
    splats = splats_of(mesh, 4000)
    octants = np.bincount((splats.centers > 0) @ [1, 2, 4], minlength=8)
    assert np.abs(octants - 500).max() < 60
    assert (splats_of(mesh, 4000).centers == splats.centers).all()
    assert (splats_of(mesh, 4000, seed=1).centers != splats.centers).any()


def test_what_has_no_colours_or_makes_no_sense_is_refused(tmp_path):
    mesh = extract_mesh(sphere, resolution=8)
    with pytest.raises(ValueError, match="no colours at its vertices; give 'colour'"):
        splats_of(mesh, 10)
    with pytest.raises(ValueError, match="an opacity between 0 and 1"):
        splats_of(mesh, 10, colour=quadrants, opacity=1.0)
    with pytest.raises(ValueError, match="scale=0"):
        write_splats(tmp_path / "a.ply", splats_of(mesh, 10, colour=quadrants), scale=0)
