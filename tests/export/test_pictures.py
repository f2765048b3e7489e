"""Pictures as files: whole or not there, and able to say how they were made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aetherist.export import arrange, decode_picture, encode_picture, read_metadata, write_picture, write_whole

SUFFIXES = ("png", "jpg", "jpeg", "webp")
TOLD = {"seed": 7, "camera": [0.1, 2.7], "recipe": {"name": 'quotes " and umlauts \u00e4'}, "psi": None}


def picture(channels: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def read(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_pixels_come_back(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_picture(path, picture())
    assert np.array_equal(read(path), picture().movedim(0, -1).numpy())
    assert torch.equal(decode_picture(path), picture())
    write_picture(path, picture(1))
    assert torch.equal(decode_picture(path).float().mean(0), picture(1)[0].float())


def test_a_jpeg_is_nearly_what_it_was(tmp_path):
    smooth = torch.linspace(20, 230, 32).round().to(torch.uint8).expand(3, 32, 32).contiguous()
    sizes = []
    for quality, allowed in ((None, 3), (100, 2), (50, 12)):
        write_picture(tmp_path / "a.jpg", smooth, quality=quality)
        assert (decode_picture(tmp_path / "a.jpg").int() - smooth.int()).abs().max() <= allowed
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes[1] > sizes[0] > sizes[2]


def test_a_webp_is_lossy_where_a_quality_is_asked_for():
    assert len(encode_picture(picture(), "webp", quality=10)) < len(encode_picture(picture(), "webp"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("channels", [1, 3])
def test_metadata_comes_back_and_may_be_missing(tmp_path, suffix, channels):
    path = tmp_path / f"a.{suffix}"
    write_picture(path, picture(channels), TOLD)
    assert read_metadata(path) == TOLD
    write_picture(path, picture(channels))
    assert read_metadata(path) is None


def test_the_comments_of_other_programs_are_none_of_ours(tmp_path):
    for number, comment in enumerate((b"ASCII\0\0\0a day out", b'ASCII\0\0\0{"seed": 1}', b"\xff\xfe", b"[" * 5000)):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = comment
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", (4, 4)).save(path, exif=exif)
        assert read_metadata(path) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_much_metadata_needs_a_png(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "png":
        write_picture(path, picture(), {"many": "x" * 70_000})
        assert read_metadata(path) == {"many": "x" * 70_000}
        return
    with pytest.raises(ValueError, match=r"metadata of 70,\d\d\d bytes: .* write png"):
        write_picture(path, picture(), {"many": "x" * 70_000})
    assert not path.exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    one, other = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_picture(one, picture(), {"b": 1, "a": 2})
    write_picture(other, picture(), {"a": 2, "b": 1})
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("name", "quality", "words"),
    [
        ("a.gif", None, "pictures are written as .png, .jpg, .jpeg, .webp, not '.gif'"),
        ("a.png", 90, "a quality of 90 for png"),
        ("a.jpg", 0, "a quality of 0 for jpeg: JPEG and WebP take 1 to 100"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, name, quality, words):
    with pytest.raises(ValueError, match=words):
        write_picture(tmp_path / name, picture(), quality=quality)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [torch.zeros(3, 4, 4), picture()[0], picture(3)[:2]])
def test_what_is_no_picture_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"a picture is uint8 \(3, H, W\)"):
        write_picture(tmp_path / "a.png", wrong)
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_pictures_are_arranged_row_by_row():
    pictures = [torch.full((3, 2, 2), value, dtype=torch.uint8) for value in (1, 2, 3)]
    sheet = arrange(pictures, columns=2, rows=2)
    assert sheet[0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 0, 0], [3, 3, 0, 0]]
    with pytest.raises(ValueError, match="3 pictures do not fit a grid of 2x1"):
        arrange(pictures, 2, 1)
