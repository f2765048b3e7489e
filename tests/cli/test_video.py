"""``aetherist video``: cameras that move, people who become others, as files that play."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aetherist.avatars import AvatarModel
from aetherist.cli import video as command
from aetherist.components.cameras import Cameras, camera_from_angles, orbit, sway
from aetherist.components.cameras.paths import save_path
from aetherist.export import read_metadata
from aetherist.graphs.model import Model
from aetherist.graphs.viewer import Viewer

av = pytest.importorskip("av")


def decoded(path: Path) -> torch.Tensor:
    with av.open(str(path)) as container:
        rows = [torch.from_numpy(each.to_ndarray(format="rgb24")) for each in container.decode(video=0)]
    return torch.stack(rows).movedim(-1, 1)


def rendered(folder: str, seeds: list[int], cameras, **options) -> torch.Tensor:
    viewer = Viewer(Model.load(folder), graph="show", **options)
    return torch.stack([picture.pixels for picture in viewer.pictures(map(viewer.of_seed, seeds), list(cameras))])


def same(video: torch.Tensor, frames: torch.Tensor, allowed: float = 4.0) -> bool:
    return video.shape == frames.shape and (video.float() - frames.float()).abs().mean().item() < allowed


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_a_sway_before_a_person(cli, model_folder, tmp_path, suffix):
    out = tmp_path / "new" / f"a.{suffix}"
    result = cli("video", model_folder, "--seeds", 3, "--frames", 6, "--fps", 12, "--yaw", 0.3, "--out", out)
    assert (result.code, result.out) == (0, f"6 frames, 0.5 s, in {out}\n")
    assert result.err.splitlines()[-1] == f"6/6 frames of {out}"
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    with av.open(str(out)) as container:
        assert container.streams.video[0].average_rate == 12
    assert same(decoded(out), rendered(model_folder, [3], sway(6, yaw=0.3).vector))


def test_an_orbit_goes_all_the_way_round(cli, model_folder, tmp_path):
    out = tmp_path / "a.mp4"
    cli("video", model_folder, "--motion", "orbit", "--seconds", 0.2, "--pitch", 0.1, "--pivot", "0,0,0", "--out", out)
    cameras = orbit(6, elevation=0.1, pivot=(0, 0, 0))
    assert same(decoded(out), rendered(model_folder, [0], cameras.vector))


def test_cameras_of_a_file(cli, model_folder, tmp_path):
    path = Cameras.from_vector(torch.stack([camera_from_angles(yaw, 0.1) for yaw in (-0.3, 0.0, 0.3)]))
    save_path(tmp_path / "path.json", path)
    cli("video", model_folder, "--motion", tmp_path / "path.json", "--out", tmp_path / "a.mp4")
    assert same(decoded(tmp_path / "a.mp4"), rendered(model_folder, [0], path.vector))
    cli("video", model_folder, "--motion", tmp_path / "path.json", "--frames", 5, "--out", tmp_path / "b.mp4")
    five = decoded(tmp_path / "b.mp4")
    assert len(five) == 5
    assert same(five[::2], rendered(model_folder, [0], path.vector))


def test_a_grid_of_people_enlarged_with_panes(cli, model_folder, tmp_path):
    out = tmp_path / "a.mp4"
    flags = ["--seeds", "0-2", "--frames", 2, "--pane", "depth", "--scale", 2, "--motion", "still"]
    assert cli("video", model_folder, *flags, "--out", out).code == 0
    frames = decoded(out)
    assert frames.shape == (2, 3, 2 * 64 * 2, 2 * 128 * 2)
    people = rendered(model_folder, [0, 1, 2], [camera_from_angles(0.0, 0.0)], pane="depth")
    sheet = torch.cat(
        [torch.cat([people[0], people[1]], -1), torch.cat([people[2], torch.zeros_like(people[2])], -1)], -2
    )
    large = sheet.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert same(frames, large.expand(2, -1, -1, -1))
    wide = tmp_path / "b.webm"
    cli("video", model_folder, "--seeds", "0-2", "--frames", 1, "--grid", "4x1", "--out", wide)
    assert decoded(wide).shape == (1, 3, 64, 256)


def test_people_become_others(cli, model_folder, tmp_path):
    out = tmp_path / "a.mp4"
    cli("video", model_folder, "--seeds", "0,4,2", "--interpolate", "--frames", 5, "--out", out)
    front = [camera_from_angles(0.0, 0.0)]
    assert same(decoded(out)[::2], rendered(model_folder, [0, 4, 2], front))
    cli(
        "video", model_folder, "--seeds", "0-3", "--interpolate", "--loop", "--grid", "2x1", "--frames", 4, "--out", out
    )
    frames = decoded(out)
    keys = rendered(model_folder, [0, 1, 2, 3], front)
    assert same(frames[0], torch.cat([keys[0], keys[1]], -1))
    assert same(frames[2], torch.cat([keys[2], keys[3]], -1))


def test_avatars_are_people_too(cli, model_folder, tmp_path):
    owner = AvatarModel(Model.load(model_folder))
    owner.avatar(seed=5).save(tmp_path / "ada.avatar")
    out = tmp_path / "a.mp4"
    flags = ["-a", tmp_path / "ada.avatar", "--seeds", 1, "--interpolate", "--frames", 3, "--yaw", 0.2]
    assert cli("video", model_folder, *flags, "--out", out).code == 0
    assert same(decoded(out)[::2], rendered(model_folder, [5, 1], [camera_from_angles(0.2, 0.0)]))


def test_a_video_says_how_it_was_made(cli, model_folder, tmp_path):
    out = tmp_path / "a.webm"
    cli("video", model_folder, "--seeds", "0-1", "--interpolate", "--trunc", 0.5, "--frames", 2, "--out", out)
    told = read_metadata(out)
    assert [person["seed"] for person in told["people"]] == [0, 1]
    assert (told["psi"], told["interpolate"], told["frames"], told["graph"]) == (0.5, True, 2, "show")
    assert told["options"]["motion"] == "still"
    result = cli("recipe", "from", out)
    assert result.code == 0
    assert "\nname: tiny\n" in result.out
    cli("video", model_folder, "--frames", 1, "--no-metadata", "--out", out)
    assert read_metadata(out) is None


def test_a_model_without_styles_is_filmed_by_what_it_has(cli, tmp_path):
    out = tmp_path / "a.mp4"
    flags = ["-o", "graphs.show=null", "-o", "graphs.map=null", "--frames", 2, "--out", out]
    assert cli("video", "tiny", *flags).code == 0
    assert read_metadata(out)["graph"] == "generate"
    result = cli("video", "tiny", *flags, "--seeds", "0-1", "--interpolate")
    assert result.code == 2
    assert "graph 'generate' of tiny takes no styles" in result.err


def test_an_interrupt_leaves_no_file(cli, model_folder, tmp_path, monkeypatch):
    def interrupted(frames, *_rest, **_options):
        for count, frame in enumerate(frames):
            if count == 2:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(command, "watched", interrupted)
    result = cli("video", model_folder, "--frames", 4, "--out", tmp_path / "a.mp4")
    assert result.code == 130
    assert result.err.endswith("error: interrupted: 2 of 4 frames were made, and no file is left\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--out", "a.gif"], "a.gif: videos are written as .mp4 or .webm, not '.gif'"),
        (["--frames", "3", "--seconds", "1"], "--frames and --seconds both say how long"),
        (["--seconds", "1e9"], "that is more than 1,000,000"),
        (["--motion", "spin"], "--motion spin: write sway, orbit, still, or the name of a JSON file"),
        (["--path", "spin"], "--motion spin: write sway, orbit, still, or the name of a JSON file"),
        (["--motion", "nowhere.json"], "nowhere.json: there is no such file"),
        (["--motion", "still", "--yaw", "0,1"], "--motion still takes one --yaw"),
        (["--interpolate"], "there is 1 person; that takes two people or more"),
        (["--interpolate", "--seeds", "0-4", "--grid", "2x1"], "there are 5 people; 2 cells need 4, 6, ... people"),
        (["--loop"], "give --interpolate, too"),
        (["--seeds", "0-4", "--grid", "2x2"], "--grid 2x2: 5 people do not fit; 2x3 would hold them"),
        (["--fps", "0"], "for --fps. Must be > 0"),
        (["--crf", "99"], "a rate factor of 99: .mp4 takes 0"),
        (["--avatar", "nobody.avatar"], "nobody.avatar: No such file"),
        (["--graph", "generate", "--seeds", "0,1", "--interpolate"], "takes no styles"),
    ],
)
def test_options_that_make_no_sense_are_one_line_and_leave_nothing(
    cli, model_folder, tmp_path, monkeypatch, options, words
):
    monkeypatch.chdir(tmp_path)
    result = cli("video", model_folder, *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert not list(tmp_path.iterdir())
