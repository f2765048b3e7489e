"""``aetherist train``: a run folder with everything in it, resumed at will, and its cost told beforehand."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from aetherist.cli.training_view import LiveView, clock, line
from aetherist.data import sample_path
from aetherist.graphs.training import events
from aetherist.graphs.training.checkpoint import latest_checkpoint

MODEL = "00000-small/models/000000008"
SMALL = """
name: small
extends: tiny
components:
  rays: {resolution: 8}
  renderer: {samples: 4, importance_samples: 0}
  likeness: {type: loss.l1}
graphs:
  step:
    inputs: {latent: Latent, pose: Camera, camera: Camera, image: Image}
    steps:
      made: {call: generate, with: {latent: latent, pose: pose, camera: camera}}
      loss: {call: likeness, with: {value: made.image, target: image}}
    outputs: {loss: loss}
training:
  batch_size: 2
  length: 8
  log_every: 2
  feeds:
    latent: {draw: normal, by: identity}
    pose: {field: camera}
    camera: {field: camera}
    image: {field: image}
  phases:
    fit: {graph: step, update: [mapping, planes, renderer, superres]}
  ema: {half_life: 100}
  snapshots: {every: 4, images_every: 4, grid: [2, 1]}
  checkpoints: {every: 4}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_a_run_folder_holds_everything(cli, recipe, tmp_path):
    result = cli("train", recipe, "--data", sample_path(), "--out", tmp_path / "runs", "--device", "cpu")
    assert result.code == 0, result.err
    run = tmp_path / "runs" / "00000-small"
    assert f"trained on 8 images; the model is {run / 'models' / '000000008'}" in result.out
    assert [json.loads(text)["images"] for text in (run / "stats.jsonl").read_text().splitlines()] == [2, 4, 6, 8]
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["000000000004", "000000000008"]
    assert sorted(path.name for path in (run / "models").iterdir()) == ["000000004", "000000008"]
    with Image.open(run / "pictures" / "image-000000008.png") as picture:
        assert picture.size == (128, 64)
    assert (run / "pictures" / "depth-000000000.png").is_file()
    assert "training:" in (run / "recipe.yaml").read_text()
    assert re.search(r"^2/8  fit\.loss [0-9.]+  [0-9.e+]+ images/s  \d+ s left  ", result.err, re.MULTILINE)


def test_a_model_of_a_run_makes_pictures(cli, recipe, tmp_path):
    cli("train", recipe, "--data", sample_path(), "--out", tmp_path, "-o", "training.length=2", "--device", "cpu")
    model = tmp_path / "00000-small" / "models" / "000000002"
    result = cli("generate", model, "--seeds", "0", "--out", tmp_path / "pictures", "--device", "cpu")
    assert result.code == 0, result.err


def test_a_run_goes_on_where_it_was(cli, recipe, tmp_path):
    arguments = ("train", recipe, "--data", sample_path(), "--out", tmp_path, "--device", "cpu")
    assert cli(*arguments, "-o", "training.length=4").code == 0
    result = cli(*arguments, "--resume", "latest")
    assert result.code == 0, result.err
    run = tmp_path / "00000-small"
    assert f"going on from {run / 'checkpoints' / '000000000004'}: 4 of 8 images seen, 2 a step" in result.err
    assert latest_checkpoint(run / "checkpoints") == run / "checkpoints" / "000000000008"
    assert not (tmp_path / "00001-small").exists()
    assert cli(*arguments, "--resume", tmp_path / "nowhere").code != 0


def test_a_signal_ends_it_in_order(cli, recipe, tmp_path):
    def ask() -> None:
        while not (tmp_path / "00000-small" / "checkpoints").is_dir():
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask)
    thread.start()
    result = cli(
        *("train", recipe, "--data", sample_path(), "--out", tmp_path, "--device", "cpu"),
        *("-o", "training.length=100k"),
    )
    thread.join()
    assert result.code == 0, result.err
    images = int(re.search(r"stopped at (\d+) images; go on with --resume", result.out)[1])
    assert latest_checkpoint(tmp_path / "00000-small" / "checkpoints").name == f"{images:012d}"


def test_fine_tuning_begins_with_the_weights_of_a_model(cli, model_folder, recipe, tmp_path):
    arguments = ("train", recipe, "--data", sample_path(), "--out", tmp_path, "--device", "cpu")
    result = cli(*arguments, "--from", model_folder, "-o", "training.phases.fit.optimizer.lr=0")
    assert result.code == 0, result.err
    assert f"weights of mapping, planes, rays, renderer, superres, discriminator from {model_folder}\n" in result.err
    trained, start = (load_file(f"{path}/planes.safetensors") for path in (tmp_path / MODEL, model_folder))
    assert all(torch.equal(trained[key], start[key]) for key in start)


def test_a_dry_run_tells_the_cost_and_writes_nothing(cli, recipe, tmp_path):
    result = cli("train", recipe, "--dry-run", "--out", tmp_path / "runs", "--device", "cpu")
    assert result.code == 0, result.err
    assert re.search(r"^fit +[0-9.]+ [MG] +[0-9.]+ MB$", result.out, re.MULTILINE)
    assert "parameters: mapping" in result.out
    assert "time: at least" in result.out
    assert not (tmp_path / "runs").exists()


def test_what_is_missing_is_said_before_anything_is_written(cli, recipe, tmp_path):
    result = cli("train", recipe, "--out", tmp_path / "runs")
    assert result.code == 2
    assert "--data: the recipe feeds camera, identity, image; name a folder or zip of images" in result.err
    result = cli("train", "tiny", "--out", tmp_path / "runs")
    assert result.code == 1
    assert "does not say how it is trained" in result.err
    assert not (tmp_path / "runs").exists()


def test_faults_of_a_training_are_found_by_check(cli, recipe):
    assert cli("check", recipe).code == 0
    recipe.write_text(SMALL.replace("graph: step", "graph: stop"), encoding="utf-8")
    result = cli("check", recipe)
    assert result.code == 1
    assert "AE701" in result.out
    assert "did you mean step?" in result.out


def stepped(images: int = 1000, **changes: object) -> events.Stepped:
    given = {"step": 10, "seconds": 5.0, "speed": 20.0, "memory": 10**9, "terms": {"g.loss": 0.5}, "rates": {}}
    return events.Stepped(images=images, **given | {"controls": {"strength": 0.25}, "skipped": 2} | changes)


def test_a_line_says_what_a_person_looks_for():
    assert line(stepped(), 25_000) == (
        "1k/25k  g.loss 0.5  control.strength 0.25  20 images/s  20 min left  1 GB  2 left out"
    )
    assert [clock(seconds) for seconds in (45, 720, 11_520, 360_000)] == ["45 s", "12 min", "3 h 12 min", "4 d 4 h"]


def test_the_live_view_draws_what_was_told(monkeypatch, capsys):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with LiveView() as view:
        for event in (
            events.Started(0, 25_000, 4),
            stepped(),
            events.Ticked(1004),
            events.Grown(1004, {"rays.resolution": 96}),
            events.Saved(1004, Path("runs/x"), "checkpoint"),
            events.Stopped(1004, "asked"),
        ):
            view(event)
    shown = capsys.readouterr().err
    for text in ("20 images/s", "0.5", "strength 0.25", "1.004k of 25k, 20 min left", "rays.resolution = 96", "runs/x"):
        assert text in shown, text
