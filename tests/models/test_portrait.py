"""The model that ships: it is there, it is small, it says what it is, and it draws heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import aetherist
from aetherist.core.weights import read_manifest
from aetherist.graphs.sources import model_folder

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def portrait() -> aetherist.AvatarModel:
    return aetherist.load("portrait", device="cpu")


@pytest.fixture(scope="module")
def folder() -> Path:
    found = model_folder("portrait")
    assert found is not None
    return found


def test_it_fits_into_twenty_megabytes(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 20_000_000


def test_its_card_speaks_of_these_weights(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    assert read_manifest(folder).digest[:12] in card
    assert "Apache-2.0" in card


def test_its_recipe_is_the_one_that_trains_it(portrait: aetherist.AvatarModel) -> None:
    from aetherist.core.recipe import Recipe

    trained, shipped = Recipe.read("portrait").plain(), portrait.model.recipe.plain()
    for name, part in shipped["components"].items():
        assert trained["components"][name] == part, name


def test_the_picture_in_the_readme_is_its_own(portrait: aetherist.AvatarModel) -> None:
    """Seeds 0 to 15 in two rows; two cells are drawn again."""
    sheet = np.asarray(Image.open(ROOT / "docs" / "pictures" / "portrait.png").convert("RGB"), np.float32)
    assert sheet.shape == (256, 1024, 3)
    for seed in (0, 11):
        top, left = seed // 8 * 128, seed % 8 * 128
        drawn = np.asarray(portrait.avatar(seed=seed).render(), np.float32)
        assert np.abs(drawn - sheet[top : top + 128, left : left + 128]).max() <= 2


def test_heads_are_solid_stand_free_and_differ(portrait: aetherist.AvatarModel) -> None:
    people = [portrait.avatar(seed=seed) for seed in range(6)]
    covered = [person.render(output="alpha", as_="tensor") for person in people]
    for alpha in covered:
        assert alpha.shape[-2:] == (64, 64)
        assert alpha[..., 24:40, 24:40].min() > 0.9, "the face is opaque"
        assert alpha[..., :4, :4].max() < 0.1, "the corner is empty"
    faces = torch.stack([person.render(as_="tensor").squeeze(0)[:, 40:88, 40:88].mean((1, 2)) for person in people])
    assert faces.std(0).max() > 0.05, "not everybody has the same skin"


@pytest.mark.parametrize("yaw", [-1.57, 1.57])
def test_a_profile_is_narrower_before_than_behind_the_ear(portrait: aetherist.AvatarModel, yaw: float) -> None:
    """From the side the nose stands out to one side: the silhouette is no mirror of itself."""
    alpha = portrait.avatar(seed=4).render(yaw=yaw, output="alpha", as_="tensor").squeeze()
    row = (alpha[26:34] > 0.5).float().mean(0)
    assert (row - row.flip(0)).abs().sum() > 2
