"""Photographs as people have them: turned, cut out, too wide, of few colours or many."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from aetherist.graphs.inversion import read_photo


@pytest.fixture
def gradient() -> np.ndarray:
    """A picture of 40 x 60 whose red rises downwards and whose green rises to the right."""
    rows, columns = np.mgrid[0:40, 0:60]
    return np.stack([rows * 6, columns * 4, np.full_like(rows, 128)], axis=-1).astype(np.uint8)


def save(path, array, mode=None, **options):
    picture = Image.fromarray(array)
    (picture if mode is None else picture.convert(mode)).save(path, **options)
    return path


def test_the_middle_square_is_taken(tmp_path, gradient):
    photo = read_photo(save(tmp_path / "a.png", gradient), 40)
    expected = torch.from_numpy(gradient[:, 10:50]).movedim(-1, 0) / 127.5 - 1
    assert torch.allclose(photo.image, expected, atol=1e-6)
    assert photo.mask is None
    assert photo.notes == ("a.png is 60 x 40: the middle 40 x 40 are taken",)


def test_it_is_reduced_by_area_and_enlarged_with_a_note(tmp_path, gradient):
    path = save(tmp_path / "a.png", gradient[:40, :40])
    assert read_photo(path, 20).image[2].unique().numel() == 1
    assert read_photo(path, 20).notes == ()
    assert "fewer pixels than the model's 64 x 64" in read_photo(path, 64).notes[0]


def test_it_is_turned_as_its_exif_data_say(tmp_path, gradient):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned = read_photo(save(tmp_path / "t.png", gradient, exif=exif), 40)
    upright = read_photo(save(tmp_path / "u.png", np.rot90(gradient, -1).copy()), 40)
    assert torch.equal(turned.image, upright.image)
    assert turned.notes[0] == "t.png was turned as its EXIF data say"


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "YCbCr", "1", "LA"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_any_format_and_mode_is_read(tmp_path, gradient, mode, suffix):
    path = tmp_path / f"a.{suffix}"
    try:
        save(path, gradient, mode)
    except (OSError, ValueError):
        pytest.skip(f"{suffix} holds no {mode}")
    photo = read_photo(path, 32)
    assert photo.image.shape == (3, 32, 32)
    assert photo.image.abs().max() <= 1
    assert photo.image.std() > 0.05


def test_sixteen_bits_are_read_as_sixteen_bits(tmp_path, gradient):
    deep = gradient[..., 0].astype(np.uint16) * 257
    photo = read_photo(save(tmp_path / "a.png", deep), 40)
    assert torch.allclose(photo.image[0], torch.from_numpy(gradient[:, 10:50, 0]) / 127.5 - 1, atol=0.01)


def test_what_is_transparent_does_not_count(tmp_path, gradient):
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[10:30, 20:40] = 255
    photo = read_photo(save(tmp_path / "a.png", np.concatenate([gradient, alpha], axis=-1)), 40)
    assert photo.mask.sum() == 400
    assert photo.image[:, 0, 0].abs().max() < 0.01  # grey, whatever was there
    half = read_photo(tmp_path / "a.png", 20)  # averaged over what counts alone
    assert half.image[2][half.mask[0] > 0].unique().numel() == 1
    opaque = np.concatenate([gradient, np.full((40, 60, 1), 255, np.uint8)], axis=-1)
    assert read_photo(save(tmp_path / "b.png", opaque), 40).mask is None


def test_a_mask_says_what_counts_and_goes_before_transparency(tmp_path, gradient):
    path = save(tmp_path / "a.png", gradient)
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 10:20] = 255
    assert read_photo(path, 40, mask=save(tmp_path / "m.png", mask)).mask.sum() == 400
    stencil = np.concatenate([np.zeros((40, 60, 3), np.uint8), mask[..., None]], axis=-1)
    assert read_photo(path, 40, mask=save(tmp_path / "s.png", stencil)).mask.sum() == 400


def test_masks_that_do_not_fit_are_refused(tmp_path, gradient):
    path = save(tmp_path / "a.png", gradient)
    with pytest.raises(ValueError, match="60 x 40; give one of the same size"):
        read_photo(path, 40, mask=save(tmp_path / "m.png", gradient[:20]))
    with pytest.raises(ValueError, match=r"nothing of the middle 40 x 40 pixels counts"):
        read_photo(path, 40, mask=save(tmp_path / "b.png", gradient * 0))


def test_what_is_no_picture_says_so(tmp_path, gradient):
    (tmp_path / "a.txt").write_text("no picture")
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        read_photo(tmp_path / "a.txt", 32)
    whole = save(tmp_path / "a.png", gradient).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"half\.png"):
        read_photo(tmp_path / "half.png", 32)
    with pytest.raises(ValueError, match="give at least 16"):
        read_photo(save(tmp_path / "s.png", gradient[:8]), 32)
    with pytest.raises(FileNotFoundError):
        read_photo(tmp_path / "none.png", 32)
