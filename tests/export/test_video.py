"""Videos as files: what goes in comes out within what the codec loses, and the file is whole or not there."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from aetherist.export import VideoWriter, read_metadata, write_video
from aetherist.export.packages import MissingPackageError

av = pytest.importorskip("av")

SUFFIXES = ("mp4", "webm")
COLOURS = [(220, 30, 40), (30, 200, 60), (20, 40, 210), (200, 120, 60), (255, 255, 255), (0, 0, 0), (128, 128, 128)]


def frame(colour: tuple[int, int, int], height: int = 24, width: int = 32) -> torch.Tensor:
    return torch.tensor(colour, dtype=torch.uint8)[:, None, None].expand(3, height, width)


def decoded(path: Path) -> torch.Tensor:
    with av.open(str(path)) as container:
        rows = [torch.from_numpy(each.to_ndarray(format="rgb24")) for each in container.decode(video=0)]
    return torch.stack(rows).movedim(-1, 1)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_frame_comes_back_in_its_colour_and_place(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    assert write_video(path, map(frame, COLOURS)) == len(COLOURS)
    frames = decoded(path)
    assert frames.shape == (len(COLOURS), 3, 24, 32)
    assert (frames.int() - torch.stack([frame(colour) for colour in COLOURS]).int()).abs().max() <= 4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_edges_stay_where_they_are(tmp_path, suffix):
    ramp = torch.linspace(0, 255, 64).round().to(torch.uint8).expand(3, 48, 64).clone()
    ramp[:, 24:] = 255 - ramp[:, 24:]
    write_video(tmp_path / f"a.{suffix}", [ramp] * 3)
    assert (decoded(tmp_path / f"a.{suffix}").float() - ramp.float()).abs().mean() < 2.5


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", [24, 30, 29.97, 12.5])
def test_it_plays_at_its_rate(tmp_path, suffix, fps):
    path = tmp_path / f"a.{suffix}"
    write_video(path, [frame(COLOURS[0])] * 5, fps=fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == pytest.approx(fps, rel=1e-3)
        times = [float(each.pts * each.time_base) for each in container.decode(stream)]
    assert times == pytest.approx([i / fps for i in range(5)], abs=1e-3)


def test_players_can_play_it(tmp_path):
    for suffix, codec in (("mp4", "h264"), ("webm", "vp9")):
        write_video(tmp_path / f"a.{suffix}", [frame(COLOURS[0])])
        with av.open(str(tmp_path / f"a.{suffix}")) as container:
            context = container.streams.video[0].codec_context
            assert (context.name, context.pix_fmt, context.colorspace, context.color_range) == (codec, "yuv420p", 1, 1)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index stands in front"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (23, 32), (24, 31)])
def test_an_odd_size_is_made_even(tmp_path, size):
    write_video(tmp_path / "a.mp4", [frame(COLOURS[3], *size)])
    frames = decoded(tmp_path / "a.mp4")
    assert frames.shape[2:] == tuple(side + side % 2 for side in size)
    assert (frames.int() - torch.tensor(COLOURS[3])[:, None, None]).abs().max() <= 4


def test_grey_frames_are_frames(tmp_path):
    write_video(tmp_path / "a.mp4", [frame((128, 128, 128))[:1]])
    assert (decoded(tmp_path / "a.mp4").int() - 128).abs().max() <= 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_frame_is_kept(tmp_path, suffix):
    alive: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most = 0

    def frames() -> Iterator[torch.Tensor]:
        nonlocal most
        for index in range(200):
            made = frame(COLOURS[index % len(COLOURS)], 16, 16).clone()
            alive.add(made)
            most = max(most, len(alive))
            yield made
            del made

    gc.disable()
    try:
        assert write_video(tmp_path / f"a.{suffix}", frames()) == 200
    finally:
        gc.enable()
    assert most <= 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_frames_are_the_same_file(tmp_path, suffix):
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.{suffix}", map(frame, COLOURS), metadata={"seed": 1})
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_video_says_how_it_was_made(tmp_path, suffix):
    told = {"seeds": [1, 2], "recipe": {"yaml": "name: tiny\n" * 3000}, "quotes": 'a "b" \u00e4'}
    write_video(tmp_path / f"a.{suffix}", [frame(COLOURS[0])], metadata=told)
    assert read_metadata(tmp_path / f"a.{suffix}") == told
    write_video(tmp_path / f"b.{suffix}", [frame(COLOURS[0])])
    assert read_metadata(tmp_path / f"b.{suffix}") is None


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("after", [0, 3])
def test_an_error_on_the_way_leaves_what_was_there(tmp_path, suffix, after):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"before")

    def frames() -> Iterator[torch.Tensor]:
        yield from map(frame, COLOURS[:after])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(path, frames())
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_nothing_is_there_before_the_end(tmp_path):
    with VideoWriter(tmp_path / "a.mp4") as video:
        video.write(frame(COLOURS[0]))
        assert not (tmp_path / "a.mp4").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("name", "frames", "options", "words"),
    [
        ("a.avi", [], {}, "videos are written as .mp4 or .webm, not '.avi'"),
        ("a.mp4", [], {}, "a video needs at least one frame"),
        ("a.mp4", [], {"fps": 0}, "0 frames a second: a video has 0.1 to 1000"),
        ("a.mp4", [], {"fps": float("nan")}, "nan frames a second"),
        ("a.mp4", [], {"crf": 52}, "a rate factor of 52: .mp4 takes 0 .best. to 51"),
        ("a.mp4", [torch.zeros(3, 4, 4)], {}, r"a frame is uint8 \(3, H, W\)"),
        ("a.mp4", [frame(COLOURS[0]), frame(COLOURS[0], 2, 2)], {}, r"frame 1 is \(2, 2\), and those before it are"),
    ],
)
def test_what_is_no_video_is_refused_and_leaves_nothing(tmp_path, name, frames, options, words):
    with pytest.raises(ValueError, match=words):
        write_video(tmp_path / name, frames, **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match=r"the folder .*nowhere is not there; make it first: '.*nowhere/a.mp4'"):
        write_video(tmp_path / "nowhere" / "a.mp4", [frame(COLOURS[0])])


def test_a_file_that_is_no_video_is_named(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"none")
    with pytest.raises(OSError, match=r"this is no video: '.*a.mp4'"):
        read_metadata(tmp_path / "a.mp4")


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingPackageError, match=r"run pip install 'aetherist\[export\]'"):
        VideoWriter(tmp_path / "a.mp4")


def test_rates_are_fractions():
    assert VideoWriter("a.mp4", fps=23.976).rate == Fraction(2997, 125)
