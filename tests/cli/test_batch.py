"""``aetherist batch``: very many people, as they are asked for, in runs that can be gone on with."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import aetherist
from aetherist.batch import FolderStore
from aetherist.cli import batch as command
from aetherist.components.cameras import orbit
from aetherist.components.cameras.paths import save_path
from aetherist.components.styles import Direction, DirectionSet
from tests.avatars.helpers import SMALL
from tests.batch.helpers import manifest, recorded, whole


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with directions."""
    folder = tmp_path_factory.mktemp("models") / "editable"
    aetherist.load("tiny", overrides=SMALL).save_pretrained(folder)
    model = aetherist.load(folder)
    generator = torch.Generator().manual_seed(0)
    names = {"age": (-2.0, 2.0), "ethnicity.asian": None}
    axes = [
        Direction.of_step(name, torch.randn(model.style_shape[1], generator=generator), range=span)
        for name, span in names.items()
    ]
    DirectionSet(axes, model.digest).save(folder / "directions.safetensors")
    return folder


def test_seeds_and_views(cli, editable, tmp_path):
    out = tmp_path / "faces"
    result = cli("batch", editable, "--seeds", "0-1,7", "--yaw=-0.3,0.3", "--trunc", 0.7, "--out", out)
    assert result.code == 0, result.err
    files = "manifest.jsonl and manifest.parquet" if (out / "manifest.parquet").exists() else "manifest.jsonl"
    assert result.out == f"3 of 3 people are in {out}, each of them whole: 6 files, named in {files}\n"
    assert re.fullmatch(r"3/3 \S+/s  0:00 left", result.err.splitlines()[-1])
    rows = manifest(FolderStore(out))
    assert [row["path"] for row in rows[-2:]] == [f"pictures/00000/seed0000007_view0{view}.png" for view in (0, 1)]
    assert {(row["psi"], abs(row["yaw"])) for row in rows} == {(0.7, 0.3)}


def test_a_table(cli, editable, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("seed,age,ethnicity.asian,yaw\n7,0.5,0.7,0.3\n7,,,\n")
    result = cli("batch", editable, "--attributes", table, "--out", tmp_path / "o", "--outputs", "image,depth")
    assert result.code == 0, result.err
    rows = manifest(FolderStore(tmp_path / "o"))
    assert [(row["attributes"], row["yaw"], row["output"]) for row in rows] == [
        ({"age": 0.5, "ethnicity.asian": 0.7}, 0.3, "image"),
        ({"age": 0.5, "ethnicity.asian": 0.7}, 0.3, "depth"),
        ({}, 0.0, "image"),
        ({}, 0.0, "depth"),
    ]
    person = aetherist.load(editable).avatar(7).edit({"age": 0.5, "ethnicity": {"asian": 0.7}})
    shown = np.asarray(Image.open(tmp_path / "o" / rows[0]["path"])).astype(int)
    assert np.abs(shown - person.render(0.3, as_="numpy")).max() <= 1


def test_bad_rows_stop_or_are_skipped(cli, editable, tmp_path):
    table, out = tmp_path / "people.csv", tmp_path / "o"
    table.write_text("seed,age\n1,0.5\n2,old\n3,7\n")
    given = ("batch", editable, "--attributes", table, "--out", out)
    result = cli(*given)
    assert result.code == 2
    assert f"{table}:3: age 'old' is no finite number" in result.err
    assert "1 bad row; --on-error skip goes on without them" in result.err
    assert not (out / "pictures").exists()
    result = cli(*given, "--on-error", "skip")
    assert result.code == 1
    assert "1 rows have strengths outside the measured range, the first one: age = 7" in result.err
    assert result.out.startswith("2 of 2 people are in")
    assert result.err.splitlines()[-1] == "1 bad row skipped"
    result = cli(*given, "--on-error", "skip", "--beyond", "error")
    assert f"{table}:4: age = 7 is outside the measured range -2 to 2" in result.err


def test_a_picture_says_how_it_was_made(cli, editable, tmp_path):
    cli("batch", editable, "--seeds", 3, "--out", tmp_path / "o", "--yaw", 0.2, "--trunc", 0.8)
    file = tmp_path / "o/pictures/00000/seed0000003.png"
    result = cli("recipe", "from", file, "--verify", "--model", editable)
    assert result.code == 0, result.err


def test_drawn_cameras_and_cameras_of_a_file(cli, editable, tmp_path):
    drawn = ("--draw", "uniform", "--views", 3, "--yaw", 0.2, "--pitch", 0)
    assert cli("batch", editable, "--seeds", 0, "--out", tmp_path / "a", *drawn).code == 0
    rows = manifest(FolderStore(tmp_path / "a"))
    assert len(rows) == 3
    assert all(abs(row["yaw"]) <= 0.2 and row["pitch"] == 0 for row in rows)
    save_path(tmp_path / "path.json", orbit(4))
    assert cli("batch", editable, "--seeds", 0, "--out", tmp_path / "b", "--cameras", tmp_path / "path.json").code == 0
    assert len(manifest(FolderStore(tmp_path / "b"))) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nobody is asked for"),
        (("--seeds", "3-1"), "runs backwards"),
        (("--seeds", 1, "--views", 2), "--views is how many cameras to --draw"),
        (("--seeds", 1, "--draw", "sphere", "--yaw", 0.1), "--draw sphere takes none"),
        (("--seeds", 1, "--draw", "uniform", "--yaw", "0.1,0.2"), "takes one spread"),
        (("--seeds", 1, "--outputs", "image,styles"), "has no output 'styles'"),
        (("--seeds", 1, "--quality", 5), "PNG takes none"),
        (("--seeds", 1, "--attributes", "none.csv"), "there is no such file"),
        (("--seeds", 1, "--cutoff", 1, "--directions", "none.safetensors"), "none.safetensors"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, editable, tmp_path, options, said):
    result = cli("batch", editable, "--out", tmp_path / "o", *options)
    assert result.code == 2
    assert said in result.err


def test_other_settings_in_one_place_are_refused(cli, editable, tmp_path):
    cli("batch", editable, "--seeds", 0, "--out", tmp_path)
    result = cli("batch", editable, "--seeds", 0, "--out", tmp_path, "--format", "jpeg")
    assert result.code != 0
    assert "holds a batch with other settings: pictures" in result.err


def test_who_cannot_be_made_is_reported(cli, tmp_path):
    folder = tmp_path / "model"
    model = aetherist.load("tiny", overrides=SMALL)
    parameters: Any = model.model.components["planes"]
    with torch.no_grad():
        next(parameters.parameters()).fill_(float("nan"))
    model.save_pretrained(folder)
    result = cli("batch", folder, "--seeds", "0-2", "--out", tmp_path / "o")
    assert result.code == 1
    assert "seed0000000: its image has numbers that are not finite" in result.err
    assert "1 could not be made; errors.jsonl names them; --on-error skip goes on without them" in result.err
    result = cli("batch", folder, "--seeds", "0-2", "--out", tmp_path / "o", "--on-error", "skip")
    assert len((tmp_path / "o" / "errors.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0:00"), (42, "0:42"), (3723, "1:02:03"), (183_600, "2 d 3 h")])
def test_times_to_wait_for(seconds, said):
    assert command.clock(seconds) == said


def test_packages_that_are_missing_are_named(cli, editable, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    monkeypatch.delitem(sys.modules, "aetherist.storage.objects", raising=False)
    result = cli("batch", editable, "--seeds", 0, "--out", tmp_path, "--engine", "ray")
    assert (result.code, "pip install 'aetherist[ray]'" in result.err) == (2, True)
    result = cli("batch", editable, "--seeds", 0, "--out", "s3://bucket/a")
    assert (result.code, "pip install 'aetherist[batch]'" in result.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_at_work(editable, tmp_path, number):
    words = [sys.executable, "-m", "aetherist", "batch", editable, "--seeds", "0-9999", "--out", tmp_path / "o"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("o/records/*/*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "finishing what is at work; once more to leave it" in said
    store = FolderStore(tmp_path / "o")
    there = recorded(store)
    assert f"error: interrupted: {len(there)} of 10000 people are in {store.place}" in said
    assert all(whole(store, record) for record in there.values())
    assert len(manifest(store)) == len(store.names("pictures")) == len(there)
    shutil.rmtree(tmp_path / "o")
