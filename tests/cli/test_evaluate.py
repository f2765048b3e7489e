"""``aetherist evaluate``: a table for readers, JSON for programs."""

from __future__ import annotations

import json

import pytest

from aetherist.data import sample_path
from tests.components.embeddings.scripted import pixel_means


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path / "cache"))


def test_a_table_says_what_was_measured_and_what_was_not(cli, model_folder, empty_cache):
    result = cli("evaluate", model_folder, "--data", sample_path(), "--images", 8, "--metrics", "photometric,fid,depth")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].startswith(f"tiny against {sample_path()}  (64 pictures of 16 people, compared at 64 px)")
    assert lines[2].split() == ["metric", "value", "95%", "interval", "real", "images", "better", "what"]
    assert lines[3].startswith("photometric ")
    assert "fid: the weights of 'inception-nsfwjs' are not in the cache" in lines
    assert "  to get it: aetherist weights get inception-nsfwjs" in lines
    assert any(line.startswith("depth: ") for line in lines)
    assert "surfaces: 8/8" not in result.out
    assert "surfaces: 4/4" in result.err


def test_numbers_of_unusual_networks_are_labelled(cli, model_folder):
    network = f"{{type: embedding.torchscript, path: {pixel_means()}, dim: 12, size: 16}}"
    result = cli(
        "evaluate", model_folder, "--data", sample_path(), "--images", 16, "--metrics", "kid,identity",
        "--features", network, "--identity", pixel_means(),
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "network of kid, identity: network of one's own" in result.out
    assert "do not compare with published ones" in result.out
    assert "  yaw 0-15 " in result.out


def test_json_is_printed_and_written(cli, model_folder, tmp_path, empty_cache):
    out = tmp_path / "found.json"
    options = ("--data", sample_path(), "--images", 8, "--metrics", "reprojection,lpips", "--json", "--out", out)
    result = cli("evaluate", model_folder, *options)
    assert result.code == 0, result.err
    assert result.out == out.read_text()
    found = json.loads(result.out)
    assert [row["metric"] for row in found["figures"]] == ["reprojection"]
    assert found["figures"][0]["low"] <= found["figures"][0]["value"] <= found["figures"][0]["high"]
    assert found["missing"][0]["metric"] == "lpips"
    assert found["settings"]["images"] == 8


def test_nothing_measured_is_a_failure(cli, model_folder, empty_cache):
    assert cli("evaluate", model_folder, "--data", sample_path(), "--metrics", "fid").code == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metrics", "fidd"), "no metric is called 'fidd'"),
        (("--images", 3), "3 images are too few"),
        (("--features", "nonsense"), "'nonsense' is no file and no network"),
        (("--identity", "nonsense"), "'nonsense' is no file and no network"),
        (("--perceptual", "nonsense"), "'nonsense' is neither a file"),
        (("--out", "no/such/folder/x.json"), "there is no folder no/such/folder"),
        (("--graph", "query"), "has no output 'image'"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, model_folder, options, said):
    result = cli("evaluate", model_folder, "--data", sample_path(), *options)
    assert result.code == 2
    assert said in result.err
