"""``aetherist invert``: a photograph goes in, an avatar comes out."""

from __future__ import annotations

import json

import pytest
from PIL import Image

import aetherist

QUICK = ("--steps", 2, "--layer-steps", 2, "--candidates", 1, "--perceptual", 0, "--identity", 0)


@pytest.fixture(scope="module")
def photo(tmp_path_factory, model_folder):
    """A picture that the model itself shows, wider than high."""
    path = tmp_path_factory.mktemp("photos") / "me.png"
    picture = aetherist.load(model_folder).avatar(3).render(yaw=0.2)
    wide = Image.new("RGB", (80, 64))
    wide.paste(picture, (8, 0))
    wide.save(path)
    return path


def test_the_avatar_opens_on_the_model_and_is_seen_from_the_camera(cli, model_folder, photo, tmp_path):
    out, camera, previews = tmp_path / "me.avatar", tmp_path / "camera.json", tmp_path / "previews"
    options = ("--camera-out", camera, "--previews", previews, "--every", 1)
    result = cli("invert", photo, "--model", model_folder, "--out", out, *QUICK, *options)
    assert result.code == 0, result.err
    assert result.out.startswith(f"{out}: PSNR ")
    assert "dB, seen from yaw " in result.out
    assert "note: me.png is 80 x 64: the middle 64 x 64 are taken" in result.err
    assert "one style 2/2: loss " in result.err
    assert aetherist.load(model_folder).open(out).seed is None
    assert len(json.loads(camera.read_text())["cameras"]) == 1
    assert sorted(path.name for path in previews.iterdir()) == [
        "1-w-0001.png", "1-w-0002.png", "2-layers-0001.png", "2-layers-0002.png",
    ]  # fmt: skip
    with Image.open(previews / "2-layers-0002.png") as pair:
        assert pair.size == (128, 64)
    shown = ("--avatar", out, "--cameras", camera, "--out", tmp_path / "shown")
    assert cli("render", model_folder, *shown).code == 0


def test_with_a_camera_none_is_searched(cli, model_folder, photo, tmp_path):
    camera = tmp_path / "camera.json"
    camera.write_text('{"format": "aetherist.cameras", "version": 1, "cameras": [{"yaw": 0.2, "pitch": 0.0}]}')
    out = tmp_path / "me.avatar"
    result = cli("invert", photo, "--model", model_folder, "--out", out, "--camera", camera, *QUICK)
    assert result.code == 0, result.err
    assert "seen from" not in result.out
    assert "search 2/2" in result.err


def test_a_tuned_model_has_the_avatar_for_its_own(cli, model_folder, photo, tmp_path):
    out, tuned = tmp_path / "me.avatar", tmp_path / "tuned"
    result = cli("invert", photo, "--model", model_folder, "--out", out, "--tune", 1, "--tuned", tuned, *QUICK)
    assert result.code == 0, result.err
    owner = aetherist.load(tuned)
    assert owner.open(out).model is owner
    assert owner.model.manifest.metadata["tuned"]["from"] == aetherist.load(model_folder).digest
    with pytest.raises(ValueError, match="belongs to another model"):
        aetherist.load(model_folder).open(out)


def test_terms_that_are_left_out_are_named(cli, model_folder, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "me.avatar"
    result = cli("invert", photo, "--model", model_folder, "--out", out, *QUICK[:6])
    assert result.code == 0, result.err
    assert "left out: perceptual: the weights of 'vgg16-hed' are not in the cache" in result.err
    assert "to get it: aetherist weights get mobileface" in result.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tune", 5), "--tune N makes a model of its own"),
        (("--tuned", "somewhere"), "--tune N makes a model of its own"),
        (("--camera", "none.json"), "none.json: there is no such file"),
        (("--mask", "none.png"), "none.png: there is no such file"),
        (("--mask", __file__), "cannot be read as a picture"),
        (("--camera-out", "no/such/folder/c.json"), "there is no folder no/such/folder"),
        (("--steps", -1), "--steps"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(cli, model_folder, photo, tmp_path, options, said):
    result = cli("invert", photo, "--model", model_folder, "--out", tmp_path / "me.avatar", *options)
    assert result.code == 2
    assert said in result.err
    assert not (tmp_path / "me.avatar").exists()


def test_a_folder_is_no_place_for_an_avatar(cli, model_folder, photo, tmp_path):
    result = cli("invert", photo, "--model", model_folder, "--out", tmp_path)
    assert result.code == 2
    assert "give a file, such as me.avatar" in result.err
