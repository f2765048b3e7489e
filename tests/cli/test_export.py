"""``aetherist export``: a file that others open, and a line that says what it is."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
import trimesh
from PIL import Image

from aetherist.avatars import AvatarModel
from aetherist.export.meshes import METRES
from aetherist.graphs.model import Model
from tests.cli.conftest import Cli

SMALL = ("--resolution", 20, "--level", 1.45)
"""Untrained weights are a fog that has a surface here."""


@pytest.mark.parametrize("suffix", [".glb", ".obj", ".ply", ".stl"])
def test_a_mesh_is_written_and_described(cli: Cli, model_folder: str, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"head{suffix}"
    done = cli("export", model_folder, "--seed", 3, "--out", path, *SMALL)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{path}: ")
    assert "surface at 20^3" in done.err
    mesh = trimesh.load(path, force="mesh")
    faces = int(done.out.split(" faces")[0].split()[-1].replace(",", ""))
    assert len(mesh.faces) == faces
    assert ", watertight, silhouette IoU " in done.out
    assert "(7 views, least " in done.out
    assert np.abs(mesh.bounds).max() <= 0.5 * METRES + 1e-6


def test_an_avatar_is_written_like_its_seed(cli: Cli, model_folder: str, tmp_path: Path) -> None:
    saved = tmp_path / "ada.avatar"
    AvatarModel(Model.load(model_folder)).avatar(3).save(saved)
    for name, who in (("seed", ("--seed", 3)), ("avatar", ("--avatar", saved))):
        done = cli("export", model_folder, *who, "--out", tmp_path / f"{name}.stl", "--no-check", *SMALL)
        assert done.code == 0, done.err
        assert "IoU" not in done.out
    assert (tmp_path / "seed.stl").read_bytes() == (tmp_path / "avatar.stl").read_bytes()


def test_options_shape_the_mesh(cli: Cli, model_folder: str, tmp_path: Path) -> None:
    path = tmp_path / "head.ply"
    more = ("--box", "-0.5,-0.25,0,0.5,0.25,0.5", "--scale", 1, "--faces", 200, "--no-colours", "--parts", "all")
    done = cli("export", model_folder, "--out", path, "--no-check", *SMALL, *more)
    assert done.code == 0, done.err
    mesh = trimesh.load(path)
    assert len(mesh.faces) <= 200
    assert mesh.visual.kind is None
    assert (mesh.bounds[0] >= np.array([-0.51, -0.26, -0.01])).all()
    assert (mesh.bounds[1] <= np.array([0.51, 0.26, 0.51])).all()


def test_files_say_how_they_were_made_unless_told_otherwise(cli: Cli, model_folder: str, tmp_path: Path) -> None:
    for name, more in (("told.ply", ()), ("untold.ply", ("--no-metadata",))):
        assert cli("export", model_folder, "--seed", 3, "--out", tmp_path / name, "--no-check", *SMALL, *more).code == 0
    assert b'"seed":3' in (tmp_path / "told.ply").read_bytes()
    assert b'"seed":3' not in (tmp_path / "untold.ply").read_bytes()


def test_splats_and_volumes_go_by_the_name_of_the_file(cli: Cli, model_folder: str, tmp_path: Path) -> None:
    done = cli("export", model_folder, "--out", tmp_path / "head.splat.ply", "--splats", 50, *SMALL)
    assert done.code == 0, done.err
    assert "50 splats on " in done.out
    assert b"property float f_dc_0" in (tmp_path / "head.splat.ply").read_bytes()
    done = cli("export", model_folder, "--out", tmp_path / "head.mrc", "--resolution", 12)
    assert done.out.startswith(f"{tmp_path / 'head.mrc'}: 12 x 12 x 12 densities")
    with mrcfile.open(tmp_path / "head.mrc") as volume:
        assert volume.data.min() > 0


def test_a_texture_and_a_preview(cli: Cli, model_folder: str, tmp_path: Path) -> None:
    done = cli(
        *("export", model_folder, "--out", tmp_path / "head.obj", "--texture", 64, "--faces", 300, "--no-check"),
        *("--preview", tmp_path / "head_preview.png", *SMALL),
    )
    assert done.code == 0, done.err
    assert {"head.obj", "head.mtl", "head.png"} <= {path.name for path in tmp_path.iterdir()}
    with Image.open(tmp_path / "head_preview.png") as preview:
        assert preview.size == (3 * 256, 3 * 256)


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--out", "head.fbx"), 2, "the name ends in .glb, .obj, .ply, .stl, .splat.ply or .mrc"),
        (("--seed", 1, "--avatar", "a.avatar"), 2, "--seed and --avatar: give one of them"),
        (("--avatar", "a.avatar", "--trunc", 0.5), 2, "--trunc goes with --seed"),
        (("--out", "head.stl", "--texture", 64), 2, "head.stl has no place for one; write .glb or .obj"),
        (("--out", "head.mrc", "--preview", "a.png"), 2, "a volume is none"),
        (("--box", "0,0,0"), 2, "write the lower corner and the upper one"),
        (("--box", "0,0,0,1,1,0"), 2, "has no volume"),
        (("--level", 5000, "--resolution", 8), 1, "no surface: the density in the box lies between"),
    ],
)
def test_what_cannot_be_written_is_said(cli: Cli, model_folder: str, tmp_path, monkeypatch, options, code, text):
    monkeypatch.chdir(tmp_path)
    done = cli("export", model_folder, *options)
    assert done.code == code
    assert text in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())
