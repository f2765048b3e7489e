"""``aetherist render``: pictures of seeds and avatars, and how they say what they are."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aetherist import __version__
from aetherist.avatars import AvatarModel
from aetherist.cli import numbers
from aetherist.cli import render as command
from aetherist.cli.failures import UsageError
from aetherist.components.cameras import camera_from_angles, orbit, sway
from aetherist.components.cameras.paths import save_path
from aetherist.core.weights import read_manifest
from aetherist.export import read_metadata
from aetherist.graphs.model import Model


def files(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_picture_a_seed(cli, model_folder, tmp_path):
    result = cli("render", model_folder, "--seeds", "0-1,7", "--trunc", 0.7, "--out", tmp_path / "o")
    assert result.code == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["seed0000.png", "seed0001.png", "seed0007.png"]
    assert result.out == f"3 pictures in {tmp_path / 'o'}\n"
    assert result.err.splitlines()[-1] == f"3/3 {tmp_path / 'o' / 'seed0007.png'}"


def test_the_picture_is_what_the_model_gives(cli, model_folder, tmp_path):
    cli("render", model_folder, "--seeds", 3, "--trunc", 0.7, "--yaw", 0.3, "--pitch", -0.1, "--out", tmp_path)
    plan = Model.load(model_folder).plan("generate")
    latent = torch.from_numpy(np.random.RandomState(3).randn(1, 32)).float()
    front, camera = camera_from_angles(0.0, 0.0)[None], camera_from_angles(0.3, -0.1)[None]
    with torch.no_grad():
        image = plan(latent=latent, pose=front, camera=camera, psi=0.7)["image"][0]
    expected = (image * 127.5 + 128).clamp(0, 255).to(torch.uint8).movedim(0, -1).numpy()
    assert np.array_equal(pixels(tmp_path / "seed0003.png"), expected)


def test_the_files_do_not_depend_on_the_batch(cli, model_folder, tmp_path):
    made = []
    for batch in (1, 2, 3):
        folder = tmp_path / str(batch)
        result = cli(
            "render", model_folder, "--seeds", "0-2", "--orbit", 2, "--grid", "2x3", "-b", batch, "--out", folder
        )
        assert result.code == 0, result.err
        made.append(files(folder))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 7


def test_a_grid_holds_every_picture_in_order(cli, model_folder, tmp_path):
    cli("render", model_folder, "--seeds", "5,2", "--yaw", "-0.4,0,0.4", "--grid", "3x2", "--out", tmp_path)
    grid = pixels(tmp_path / "grid.png")
    assert grid.shape == (128, 192, 3)
    for row, seed in enumerate((5, 2)):
        for view in range(3):
            picture = pixels(tmp_path / f"seed{seed:04d}_view{view:02d}.png")
            assert np.array_equal(grid[row * 64 : row * 64 + 64, view * 64 : view * 64 + 64], picture)
    told = read_metadata(tmp_path / "grid.png")["grid"]
    assert (told["columns"], told["rows"], told["people"]) == (3, 2, [{"seed": 5}, {"seed": 2}])
    expected = torch.stack([camera_from_angles(yaw, 0.0) for yaw in (-0.4, 0.0, 0.4)])
    assert torch.allclose(torch.tensor(told["cameras"]), expected)


def cameras_of(folder: Path) -> torch.Tensor:
    return torch.tensor([read_metadata(path)["camera"] for path in sorted(folder.iterdir())])


def test_views_sway_before_the_face_go_round_or_come_from_a_file(cli, model_folder, tmp_path):
    cli("render", model_folder, "--sway", 3, "--yaw", 0.3, "--out", tmp_path / "sway")
    assert torch.allclose(cameras_of(tmp_path / "sway"), sway(3, yaw=0.3).vector)
    cli("render", model_folder, "--orbit", 4, "--pitch", 0.1, "--pivot", "0,0,0", "--out", tmp_path / "orbit")
    assert torch.allclose(cameras_of(tmp_path / "orbit"), orbit(4, elevation=0.1, pivot=(0, 0, 0)).vector)
    save_path(tmp_path / "path.json", sway(3))
    cli("render", model_folder, "--cameras", tmp_path / "path.json", "--out", tmp_path / "path")
    assert torch.allclose(cameras_of(tmp_path / "path"), sway(3).vector, atol=1e-6)


@pytest.mark.parametrize(("format", "suffix"), [("jpeg", "jpg"), ("webp", "webp")])
def test_other_formats_show_the_same(cli, model_folder, tmp_path, format, suffix):
    for each in ("png", format):
        cli("render", model_folder, "--format", each, "--grid", "1x1", "--out", tmp_path)
    assert (tmp_path / f"grid.{suffix}").exists()
    one, other = (pixels(tmp_path / f"seed0000.{each}").astype(int) for each in ("png", suffix))
    assert np.abs(one - other).mean() < 2
    told = read_metadata(tmp_path / f"seed0000.{suffix}")
    assert told == read_metadata(tmp_path / "seed0000.png")


def test_avatars_are_called_after_their_files(cli, model_folder, tmp_path):
    owner = AvatarModel(Model.load(model_folder))
    owner.avatar(seed=5).save(tmp_path / "ada.avatar")
    cli("render", model_folder, "-a", tmp_path / "ada.avatar", "--seeds", 5, "--out", tmp_path / "o")
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["ada.png", "seed0005.png"]
    assert np.array_equal(pixels(tmp_path / "o" / "ada.png"), pixels(tmp_path / "o" / "seed0005.png"))
    assert read_metadata(tmp_path / "o" / "ada.png")["graph"] == "show"
    (tmp_path / "d").mkdir()
    shutil.copy(tmp_path / "ada.avatar", tmp_path / "d")
    twice = ["-a", tmp_path / "ada.avatar", "-a", tmp_path / "d" / "ada.avatar"]
    assert "two files are called 'ada'" in cli("render", model_folder, *twice, "--out", tmp_path / "p").err
    other = cli("render", "tiny", "-o", "settings.style_dim=48", *twice[:2], "--out", tmp_path / "p")
    assert (other.code, (tmp_path / "p").exists()) == (2, False)
    assert "belongs to another model" in other.err


def test_it_answers_to_the_name_that_others_use(cli, model_folder, tmp_path):
    assert cli("generate", model_folder, "--out", tmp_path).code == 0
    assert (tmp_path / "seed0000.png").exists()


def test_a_picture_says_how_it_was_made(cli, model_folder, tmp_path):
    cli("render", model_folder, "--seeds", 7, "--trunc", 0.5, "--cutoff", 3, "--yaw", 0.2, "--out", tmp_path)
    told = read_metadata(tmp_path / "seed0007.png")
    manifest = read_manifest(model_folder)
    model = Model.load(model_folder)
    assert told["version"] == __version__
    assert told["recipe"] == {"name": "tiny", "digest": model.recipe.digest, "yaml": model.recipe.to_yaml()}
    assert told["model"] == manifest.digest
    assert (told["seed"], told["view"], told["psi"], told["cutoff"]) == (7, 0, 0.5, 3)
    assert (told["graph"], told["output"]) == ("generate", "image")
    assert told["options"] == {"seeds": "7", "yaw": "0.2"}
    assert torch.allclose(torch.tensor(told["camera"]), camera_from_angles(0.2, 0.0))
    assert torch.allclose(torch.tensor(told["pose"]), camera_from_angles(0.0, 0.0))


def test_or_it_says_nothing(cli, model_folder, tmp_path):
    cli("render", model_folder, "--grid", "1x1", "--no-metadata", "--out", tmp_path)
    for path in tmp_path.iterdir():
        assert read_metadata(path) is None
        with Image.open(path) as picture:
            assert picture.info == {}


def test_a_recipe_has_fresh_weights_and_says_so(cli, tmp_path):
    result = cli("render", "tiny", "--out", tmp_path)
    assert "tiny is a recipe: its weights are fresh and untrained (seed 0)" in result.err
    told = read_metadata(tmp_path / "seed0000.png")
    assert (told["model"], told["weights"], told["psi"]) == (None, "fresh, seed 0", 1.0)


def test_other_outputs_are_pictures_too(cli, model_folder, tmp_path):
    assert cli("render", model_folder, "--output", "raw", "--out", tmp_path / "raw").code == 0
    assert pixels(tmp_path / "raw" / "seed0000.png").shape == (16, 16, 3)
    assert cli("render", model_folder, "--output", "depth", "--out", tmp_path / "depth").code == 0
    picture = pixels(tmp_path / "depth" / "seed0000.png")
    assert (picture.shape, picture.min(), picture.max()) == ((16, 16), 0, 255)
    far, near = read_metadata(tmp_path / "depth" / "seed0000.png")["black_and_white"]
    assert 3.3 >= far > near >= 2.25


def test_the_camera_stands_where_the_recipe_says_or_the_command(cli, tmp_path):
    where = ["-o", "settings.camera_radius=2.5", "-o", "settings.camera_pivot=[0, 0, 0.1]"]
    cli("render", "tiny", *where, "--out", tmp_path)
    told = read_metadata(tmp_path / "seed0000.png")
    assert torch.allclose(torch.tensor(told["camera"]), camera_from_angles(0, 0, radius=2.5, pivot=(0, 0, 0.1)))
    cli("render", "tiny", *where, "--radius", 2.9, "--pivot", "0.1,0,0", "--fov", 20, "--out", tmp_path)
    told = read_metadata(tmp_path / "seed0000.png")
    focal = 0.5 / np.tan(np.radians(10))
    expected = camera_from_angles(0, 0, radius=2.9, pivot=(0.1, 0, 0), focal=focal)
    assert torch.allclose(torch.tensor(told["camera"]), expected, atol=1e-6)
    assert torch.allclose(torch.tensor(told["pose"]), camera_from_angles(0, 0, radius=2.5, pivot=(0, 0, 0.1)))


def test_precision_is_that_of_the_blocks_that_have_one(cli, model_folder, tmp_path):
    for precision in ("fp32", "bf16", "fp16"):
        result = cli("render", model_folder, "--precision", precision, "--out", tmp_path / precision, "--no-metadata")
        assert result.code == 0
        assert ("fp16 is for GPUs" in result.err) is (precision == "fp16")
    pictures = {name: pixels(tmp_path / name / "seed0000.png").astype(int) for name in ("fp32", "bf16")}
    difference = np.abs(pictures["fp32"] - pictures["bf16"])
    assert 0 < difference.max() < 32


def test_an_interrupt_leaves_whole_pictures_and_nothing_else(cli, model_folder, tmp_path, monkeypatch):
    def interrupted(pictures, *_rest):
        for count, picture in enumerate(pictures):
            if count == 2:
                raise KeyboardInterrupt
            yield picture

    monkeypatch.setattr(command, "watched", interrupted)
    result = cli("render", model_folder, "--seeds", "0-3", "--grid", "4x1", "--out", tmp_path)
    assert result.code == 130
    assert result.err.endswith(f"error: interrupted: 2 of 4 pictures are in {tmp_path}, each of them whole\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seed0000.png", "seed0001.png"]
    for path in tmp_path.iterdir():
        assert pixels(path).shape == (64, 64, 3)


def test_a_signal_does_the_same(model_folder, tmp_path):
    command = [sys.executable, "-m", "aetherist", "render", model_folder, "--seeds", "0-9999", "--out", str(tmp_path)]
    # Whoever runs the tests in the background of a shell has interrupts ignored, and children inherit that.
    attentive = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, preexec_fn=attentive, **pipes) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("1/10000 ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert re.search(r"error: interrupted: (\d+) of 10000 pictures are in .*, each of them whole\n$", err)
    for path in tmp_path.iterdir():
        assert pixels(path).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seeds", "3-"], "--seeds 3-: '3-' is no seed and no range; write 0-3,7"),
        (["--yaw", "left"], "--yaw left: write a number"),
        (["--yaw", "0,1", "--pitch", "0,1,2"], "--yaw names 2 views and --pitch 3; give as many, or one for all"),
        (["--sway", "4", "--yaw", "0,1"], "--sway takes one --yaw and one --pitch"),
        (["--orbit", "4", "--sway", "4"], "--sway and --orbit each say what the views are; give one"),
        (["--cameras", "nowhere.json"], "nowhere.json: there is no such file"),
        (["--quality", "90"], "--quality 90: JPEG and WebP take 1 to 100, and PNG takes none"),
        (["--format", "gif"], 'Invalid value "gif" for --format'),
        (["--output", "raw", "--pane", "bones"], 'Invalid value "bones" for --pane'),
        (["--graph", "judge", "--output", "logits"], "needs the input"),
        (["--grid", "4"], "--grid 4: write columns x rows, as in 4x2"),
        (["--seeds", "0-8", "--grid", "4x2"], "--grid 4x2: 9 pictures do not fit; 4x3 would hold them"),
        (["--fov", "0"], "--fov 0: a field of view is between"),
        (["--pivot", "1,2"], "--pivot 1,2: write x,y,z"),
        (["--pitch", "1.57079632", "--pivot", "0,0,0"], "looks along 'up'"),
        (["--device", "toaster"], "--device toaster: write cpu, cuda, cuda:1, mps or auto"),
        (["--graph", "query", "--output", "density"], "needs the input 'points'"),
        (["--output", "imgae"], "has no output 'imgae'; did you mean image?"),
        (["--graph", "nope"], "tiny has no graph 'nope'"),
        (["--batch", "0"], 'Invalid value "0" for --batch'),
    ],
)
def test_options_that_make_no_sense_are_one_line_and_leave_nothing(cli, model_folder, tmp_path, options, words):
    result = cli("render", model_folder, "--out", tmp_path / "o", *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there(cli, model_folder):
    result = cli("render", model_folder, "--device", "cuda")
    assert result.code == 2
    assert result.err == "error: --device cuda: this PyTorch sees no CUDA device; 'aetherist doctor' says more\n"


def test_a_file_in_the_folders_place(cli, model_folder, tmp_path):
    (tmp_path / "o").write_text("mine")
    result = cli("render", model_folder, "--out", tmp_path / "o")
    assert result.code == 2
    assert "there is a file of that name" in result.err
    assert (tmp_path / "o").read_text() == "mine"


def test_a_damaged_model_is_named(cli, model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "m")
    with (tmp_path / "m" / "planes.safetensors").open("ab") as file:
        file.write(b"x")
    result = cli("render", tmp_path / "m", "--out", tmp_path / "o")
    assert result.code == 1
    assert "AE602" in result.err
    assert "planes.safetensors is damaged" in result.err


@pytest.mark.gpu
def test_the_files_do_not_depend_on_the_batch_on_a_gpu(cli, model_folder, tmp_path):
    for batch in (1, 3):
        result = cli(
            "render", model_folder, "--seeds", "0-2", "-b", batch, "--device", "cuda", "--out", tmp_path / str(batch)
        )
        assert result.code == 0, result.err
    assert files(tmp_path / "1") == files(tmp_path / "3")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", [7]), ("0-3", [0, 1, 2, 3]), ("0-2,7, 9", [0, 1, 2, 7, 9]), ("5,1,5,0-1", [5, 1, 0]), ("3-3", [3])],
)
def test_seeds_are_read(text, expected):
    assert numbers.seeds(text) == expected


@pytest.mark.parametrize("text", ["", "a", "1.5", "-1", "3-1", "1,,2", "4294967296", "0-99999999", "1-2-3"])
def test_what_is_no_seed_is_refused(text):
    with pytest.raises(UsageError, match="--seeds"):
        numbers.seeds(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (999_600, "1 M"), (304e9, "304 G"), (2.5e16, "2.5e+04 T")],
)
def test_amounts_are_short(number, text):
    assert numbers.amount(number) == text


def test_times_are_short():
    assert [numbers.duration(t) for t in (2.5e-5, 0.0123, 1.5, 4000)] == ["25 us", "12.3 ms", "1.5 s", "4000 s"]
