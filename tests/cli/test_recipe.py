"""``aetherist recipe from``: a picture gives back what made it, and can be made again."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
import yaml
from PIL import Image

from aetherist.avatars import AvatarModel
from aetherist.core.recipe import Recipe
from aetherist.export import decode_picture, read_metadata, write_picture, write_video
from aetherist.export.video import frames_of
from aetherist.graphs.model import Model

SUFFIXES = {"png": "png", "jpeg": "jpg", "webp": "webp"}


@pytest.mark.parametrize("format", SUFFIXES)
def test_the_recipe_comes_back_with_who_and_from_where(cli, model_folder, tmp_path, format):
    cli("render", model_folder, "--seeds", 7, "--trunc", 0.5, "--format", format, "--out", tmp_path)
    result = cli("recipe", "from", tmp_path / f"seed0007.{SUFFIXES[format]}")
    assert result.code == 0
    head = dict(line[2:].split(": ", 1) for line in result.out.splitlines() if line.startswith("# "))
    assert (head["seed"], head["psi"], head["graph"]) == ("7", "0.5", "generate")
    assert len(json.loads(head["camera"])) == 25
    assert head["model"] == Model.load(model_folder).manifest.digest
    again = Recipe.read("again.yaml", trusted=False, text=result.out)
    assert again.digest == Model.load(model_folder).recipe.digest


def test_it_can_be_written_and_used(cli, tmp_path):
    cli("render", "tiny", "-o", "settings.style_dim=48", "--out", tmp_path)
    cli("recipe", "from", tmp_path / "seed0000.png", "--out", tmp_path / "again.yaml")
    assert yaml.safe_load((tmp_path / "again.yaml").read_text())["settings"]["style_dim"] == 48
    cli("render", tmp_path / "again.yaml", "--out", tmp_path / "o")
    assert torch.equal(decode_picture(tmp_path / "seed0000.png"), decode_picture(tmp_path / "o" / "seed0000.png"))


def test_all_that_it_says_as_json(cli, model_folder, tmp_path):
    cli("render", model_folder, "--out", tmp_path)
    result = cli("recipe", "from", tmp_path / "seed0000.png", "--format", "json")
    assert json.loads(result.out) == read_metadata(tmp_path / "seed0000.png")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--format", "jpeg"],
        ["--format", "jpeg", "--quality", 60],
        ["--format", "webp"],
        ["--format", "webp", "--quality", 70],
        ["--trunc", 0.3, "--cutoff", 2, "--yaw", 0.3, "--fov", 20],
        ["--output", "depth"],
        ["--pane", "normal", "--scale", 3],
        ["--precision", "bf16"],
        ["--orbit", 3, "--pivot", "0,0,0", "--grid", "2x2"],
        ["--seeds", "0-1,5", "--yaw=-0.3,0.3", "--grid", "2x3", "--scale", 2, "--pane", "depth"],
    ],
)
def test_a_picture_is_made_again(cli, model_folder, tmp_path, options):
    assert cli("render", model_folder, *options, "--out", tmp_path).code == 0
    files = sorted(tmp_path.iterdir())
    assert files
    for file in files[-1:]:
        result = cli("recipe", "from", file, "--verify", "--model", model_folder)
        assert (result.code, result.out) == (0, f"{file}: made again it is the same, pixel by pixel\n")


def test_fresh_weights_need_nothing_but_the_picture(cli, tmp_path):
    cli("render", "tiny", "-o", "settings.style_dim=48", "--out", tmp_path)
    assert "the same, pixel by pixel" in cli("recipe", "from", tmp_path / "seed0000.png", "--verify").out


def test_an_avatar_is_given_by_its_file(cli, model_folder, tmp_path):
    owner = AvatarModel(Model.load(model_folder))
    ada, bob = tmp_path / "ada.avatar", tmp_path / "bob.avatar"
    owner.avatar(seed=5).mix(owner.avatar(seed=6), 0.3).save(ada)
    owner.avatar(seed=8).save(bob)
    cli("render", model_folder, "-a", ada, "-a", bob, "--seeds", "1", "--grid", "3x1", "--out", tmp_path)
    assert read_metadata(tmp_path / "bob.png")["avatar"]["seed"] == 8
    for name, files in (("ada", [ada]), ("grid", [ada, bob])):
        flags = [flag for file in files for flag in ("--avatar", file)]
        result = cli("recipe", "from", tmp_path / f"{name}.png", "--verify", "--model", model_folder, *flags)
        assert "the same, pixel by pixel" in result.out
    result = cli("recipe", "from", tmp_path / "ada.png", "--verify", "--model", model_folder, "-a", bob)
    assert result.code == 2
    assert "it shows the avatar 'ada' with the digest" in result.err
    assert "give its file with --avatar" in result.err


def test_a_picture_that_was_changed_is_found_out(cli, tmp_path):
    cli("render", "tiny", "--out", tmp_path)
    path = tmp_path / "seed0000.png"
    pixels, told = decode_picture(path), read_metadata(path)
    for by, code, words in ((2, 0, "the same within the tolerance"), (9, 1, "another picture")):
        changed = pixels.clone()
        changed[0, 3, 4] = changed[0, 3, 4].int().sub(by).remainder(256).to(torch.uint8)
        write_picture(path, changed, told)
        result = cli("recipe", "from", path, "--verify")
        assert result.code == code
        assert f"{words}: max difference {by} of 255, 0.0% of the values differ" in result.out
    assert cli("recipe", "from", path, "--verify", "--tolerance", 9).code == 0
    write_picture(path, pixels[:, :10], told)
    result = cli("recipe", "from", path, "--verify")
    assert (result.code, result.out) == (1, f"{path}: its size is 64x10, and made again it is 64x64\n")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", ["--seeds", "3", "--frames", 12]),
        ("a.webm", ["--seeds", "0-2", "--frames", 6, "--motion", "orbit", "--trunc", 0.6, "--scale", 2]),
        ("a.mp4", ["--seeds", "0-3", "--frames", 6, "--interpolate", "--grid", "2x1", "--loop", "--crf", 30]),
    ],
)
def test_some_frames_of_a_video_are_made_again(cli, model_folder, tmp_path, name, options):
    pytest.importorskip("av")
    path = tmp_path / name
    assert cli("video", model_folder, *options, "--out", path).code == 0
    told = read_metadata(path)
    assert told["samples"][0]["frame"] == 0
    assert told["samples"][-1]["frame"] == told["frames"] - 1
    result = cli("recipe", "from", path, "--verify", "--model", model_folder)
    assert result.out.startswith(f"{path}: made again (5 of {told['frames']} frames) it is the same within what the ")
    assert result.code == 0


def test_a_video_of_somebody_else_or_of_another_length_is_found_out(cli, model_folder, tmp_path):
    pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    cli("video", model_folder, "--frames", 4, "--out", path)
    told = read_metadata(path)
    frames = frames_of(path, range(4))
    for change, shown, words in (
        ({"people": [{"seed": 1}]}, frames, "it is another video: mean difference "),
        ({}, frames[:3], "it says that it has 4 frames of 64x64, and it has others"),
        ({}, [frame[:, :32] for frame in frames], "it says that it has 4 frames of 64x64, and it has others"),
    ):
        write_video(tmp_path / "b.mp4", shown, metadata=told | change)
        result = cli("recipe", "from", tmp_path / "b.mp4", "--verify", "--model", model_folder)
        assert (result.code, result.err) == (1, "")
        assert words in result.out
    write_video(tmp_path / "b.mp4", frames, metadata={name: told[name] for name in told if name != "samples"})
    result = cli("recipe", "from", tmp_path / "b.mp4", "--verify", "--model", model_folder)
    assert result.code == 2
    assert "it does not say from where its frames were seen" in result.err


def test_what_the_api_writes_is_made_again(cli, model_folder, tmp_path):
    pytest.importorskip("av")
    owner = AvatarModel(Model.load(model_folder))
    ada = owner.avatar(seed=5).mix(owner.avatar(seed=6), 0.3)
    ada.save(tmp_path / "ada.avatar")
    owner.avatar(seed=7, psi=0.5).picture(tmp_path / "seven.jpg", 0.3, quality=80)
    ada.picture(tmp_path / "ada.png", camera=owner.camera(0.1, fov=30), output="depth")
    ada.video(tmp_path / "ada.mp4", 3, motion="orbit")
    for name, words in (
        ("seven.jpg", "the same"),
        ("ada.png", "the same"),
        ("ada.mp4", "made again (3 of 3 frames) it is the same within what the codec loses"),
    ):
        flags = ["--verify", "--model", model_folder, "--avatar", tmp_path / "ada.avatar"]
        result = cli("recipe", "from", tmp_path / name, *flags)
        assert (result.code, result.err) == (0, "")
        assert words in result.out
    fresh = AvatarModel(Model.build("tiny", seed=3))
    fresh.avatar(1).picture(tmp_path / "fresh.png")
    assert read_metadata(tmp_path / "fresh.png")["weights"] == "fresh, seed 3"
    assert "it is the same" in cli("recipe", "from", tmp_path / "fresh.png", "--verify").out


def test_another_model_is_refused(cli, model_folder, tmp_path):
    cli("render", model_folder, "--out", tmp_path)
    path = tmp_path / "seed0000.png"
    Model.build("tiny", seed=1).save(tmp_path / "other")
    digest = Model.load(model_folder).manifest.digest
    for flags, words in (
        (["--model", tmp_path / "other"], "other is another; give --model"),
        ([], "tiny is another; give --model"),
    ):
        result = cli("recipe", "from", path, "--verify", *flags)
        assert result.code == 2
        assert f"made with the model with the digest {digest} of the recipe tiny, and " in result.err
        assert words in result.err


def told_like(tmp_path, change):
    """Return a picture whose metadata were changed."""
    path = tmp_path / "changed.png"
    shutil.copy(tmp_path / "seed0000.png", path)
    told = read_metadata(path)
    change(told)
    write_picture(path, decode_picture(path), told)
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.pop("recipe"), "does not say enough of how it was made: recipe: Field required"),
        (lambda told: told.update(camera=[1.0]), "does not say enough of how it was made: camera: List should have"),
        (lambda told: told.update(scale=10**6), "does not say enough of how it was made: scale"),
        (lambda told: told.pop("seed"), "it says neither of what seed nor of what avatar it is"),
        (lambda told: told["options"].update(overrides=["name=${oc.env:HOME}"]), "may not hold ${...}"),
        (lambda told: told.update(output="planes"), "has no output 'planes'"),
        (lambda told: told.update(graph="nothing"), "has no graph 'nothing'"),
        (lambda told: told["recipe"].update(yaml="name: ${oc.env:HOME}"), "AE1"),
    ],
)
def test_what_a_file_from_elsewhere_says_is_not_trusted(cli, tmp_path, change, words):
    cli("render", "tiny", "--out", tmp_path)
    result = cli("recipe", "from", told_like(tmp_path, change), "--verify")
    assert result.code in (1, 2)
    assert words in result.err
    assert "Traceback" not in result.err


def test_what_a_file_says_cannot_break_out_of_the_head(cli, tmp_path):
    cli("render", "tiny", "--out", tmp_path)
    path = told_like(tmp_path, lambda told: told.update(graph="a\nname: other\x1b[31m"))
    out = cli("recipe", "from", path).out
    assert yaml.safe_load(out)["name"] == "tiny"
    assert "\x1b" not in out


def test_files_that_say_nothing(cli, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("text")
    (tmp_path / "c.mp4").write_text("text")
    for name, words in (
        ("a.png", "a.png does not say how it was made"),
        ("b.png", "b.png is no picture"),
        ("c.mp4", "c.mp4: this is no video"),
        ("d.png", "d.png: there is no such file"),
    ):
        result = cli("recipe", "from", tmp_path / name)
        assert (result.code, result.out) == (2, "")
        assert words in result.err
