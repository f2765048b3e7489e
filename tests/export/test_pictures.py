"""Pictures as files: whole or not there, and able to say how they were made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aetherist.export import arrange, read_metadata, write_png, write_whole


def picture(channels: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def read(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened)


def test_pixels_come_back(tmp_path):
    write_png(tmp_path / "a.png", picture())
    assert np.array_equal(read(tmp_path / "a.png"), picture().movedim(0, -1).numpy())
    write_png(tmp_path / "b.png", picture(1))
    assert np.array_equal(read(tmp_path / "b.png"), picture(1)[0].numpy())


def test_metadata_comes_back_and_may_be_missing(tmp_path):
    told = {"seed": 7, "camera": [0.1, 2.7], "recipe": {"name": 'quotes " and umlauts \u00e4'}, "psi": None}
    write_png(tmp_path / "a.png", picture(), told)
    assert read_metadata(tmp_path / "a.png") == told
    write_png(tmp_path / "a.png", picture())
    assert read_metadata(tmp_path / "a.png") is None


def test_the_same_picture_is_the_same_file(tmp_path):
    write_png(tmp_path / "a.png", picture(), {"b": 1, "a": 2})
    write_png(tmp_path / "b.png", picture(), {"a": 2, "b": 1})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("wrong", [torch.zeros(3, 4, 4), picture()[0], picture(3)[:2]])
def test_what_is_no_picture_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"a picture is uint8 \(3, H, W\)"):
        write_png(tmp_path / "a.png", wrong)
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
