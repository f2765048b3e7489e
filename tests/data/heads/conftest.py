"""What rendering tests need: the extra packages and OpenGL without a display, or a reason to skip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aetherist.data.heads import NoRendererError, Renderer


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    try:
        renderer = Renderer(96, 2)
    except NoRendererError as error:
        pytest.skip(str(error))
    yield renderer
    renderer.release()


@pytest.fixture(scope="session")
def shapes() -> None:
    pytest.importorskip("scipy", reason="shaping heads needs the extra 'heads'")
