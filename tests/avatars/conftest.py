from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import aetherist
from aetherist.avatars import Avatar, AvatarModel
from tests.avatars.helpers import SMALL, some_directions


@pytest.fixture(scope="session")
def model() -> AvatarModel:
    """A small model without directions."""
    return aetherist.load("tiny", overrides=SMALL)


@pytest.fixture(scope="session")
def folder(model: AvatarModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That model, as a folder."""
    path = tmp_path_factory.mktemp("models") / "small"
    aetherist.load("tiny", overrides=SMALL).save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def editable(folder: Path) -> AvatarModel:
    """That model, with directions."""
    plain = aetherist.load(folder)
    return aetherist.load(folder, directions=some_directions(plain.digest, plain.style_shape[1]))


@pytest.fixture
def avatar(editable: AvatarModel) -> Avatar:
    return editable.avatar(7)


@pytest.fixture(scope="session")
def other_model() -> AvatarModel:
    """A model like it with other weights."""
    return aetherist.load("tiny", overrides=SMALL, seed=1)


@pytest.fixture(scope="session")
def average() -> AvatarModel:
    """A model that has an average person."""
    model = aetherist.load("tiny", overrides=SMALL)
    mapping: Any = model.model.components["mapping"]
    mapping.w_avg.normal_(generator=torch.Generator().manual_seed(0))
    return model
