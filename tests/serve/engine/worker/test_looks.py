"""What stands between a latent and a picture can be seen."""

from __future__ import annotations

import io

import pytest
import torch
from PIL import Image

from aetherist.components.types import Depth, Features, Latent, Planes, RayDirections, Styles
from aetherist.components.types import Image as Picture
from aetherist.serve.engine.worker.looks import picture_of


def seen(value: torch.Tensor, port: object) -> Image.Image:
    found = picture_of(value, port.type())  # type: ignore[attr-defined]
    assert found is not None
    return Image.open(io.BytesIO(found[0]))


@pytest.mark.parametrize(
    ("value", "port", "size"),
    [
        (torch.randn(1, 3, 8, 40, 40), Planes, (120, 40)),
        (torch.randn(1, 8, 100, 50), Features, (50, 100)),
        (torch.randn(1, 2, 100, 50), Features, (50, 100)),
        (torch.randn(1, 3, 128, 128), Picture, (128, 128)),
        (torch.rand(1, 1, 128, 128), Depth, (128, 128)),
        (torch.randn(1, 100, 100, 3), RayDirections, (100, 100)),
        (torch.randn(1, 4, 128), Styles, (128, 32)),
        (torch.randn(1, 3, 4, 4), Picture, (96, 96)),
        (torch.randn(1, 3, 16, 4096), Picture, (1024, 4)),
    ],
)
def test_tensors_are_pictures(value: torch.Tensor, port: object, size: tuple[int, int]) -> None:
    assert seen(value, port).size == size


def test_what_cannot_be_seen_is_none() -> None:
    assert picture_of(torch.randn(1, 32), Latent.type()) is None
    assert picture_of(torch.empty(1, 0, 4), Styles.type()) is None


def test_the_same_features_have_the_same_colours() -> None:
    value = torch.randn(1, 8, 32, 32)
    assert seen(value, Features).tobytes() == seen(value.clone(), Features).tobytes()


def test_numbers_that_are_none_do_not_matter() -> None:
    value = torch.zeros(1, 8, 100, 100)
    value[0, 0, 0, 0] = float("nan")
    assert seen(value, Features).size == (100, 100)
