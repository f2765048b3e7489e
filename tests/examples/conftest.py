from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import aetherist
from aetherist.avatars import AvatarModel
from tests.avatars.helpers import SMALL, some_directions

FOLDER = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def example() -> Iterator[Callable[[str], ModuleType]]:
    """Returns what imports an example by its name, once."""
    loaded: dict[str, ModuleType] = {}

    def load(name: str) -> ModuleType:
        if name not in loaded:
            spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            loaded[name] = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded[name])
        return loaded[name]

    yield load
    for module in loaded.values():
        del sys.modules[module.__name__]


@pytest.fixture(scope="session")
def model() -> AvatarModel:
    """A small model with directions."""
    plain = aetherist.load("tiny", overrides=SMALL)
    return AvatarModel(plain.model, directions=some_directions(plain.digest, plain.style_shape[1]))
