"""A gateway and a real browser for the pages of the studio."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aetherist.storage import Storage
from tests.web.serving import model_with_directions, serving

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
"""The last one lets meshes be drawn without a graphics card."""

# Drivers of WebGL without a graphics card say that reading pictures back is slow.
HARMLESS = ("GPU stall due to ReadPixels", "Automatic fallback to software WebGL")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A browser for all tests; each gets a profile of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model whose people can be edited."""
    return model_with_directions(tmp_path_factory.mktemp("model") / "pocket")


@pytest.fixture(scope="session")
def gateway(chromium: str, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks for no key; of its two models one has directions."""
    models = ["--model", f"pocket={model_folder}", "--model", "tiny"]
    with serving(tmp_path_factory.mktemp("data"), *models) as url:
        yield url


@pytest.fixture
def console() -> list[str]:
    """What the browser complained of; a test that provokes complaints clears it."""
    return []


@pytest.fixture
def open_page(browser: Any, gateway: str, console: list[str]) -> Iterator[Callable[..., Any]]:
    """Opens pages by their path: ``open_page("/graph", width=390)``. A test fails if the browser complained."""
    contexts = []

    def opened(path: str = "/", *, base: str = gateway, width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=base, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda said: said.type in ("error", "warning") and console.append(said.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    complaints = [text for text in console if not any(harmless in text for harmless in HARMLESS)]
    assert not complaints, complaints


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """The studio."""
    return open_page()


@pytest.fixture(scope="session")
def locked(chromium: str, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server that wants a key, and a key that may generate."""
    data = tmp_path_factory.mktemp("locked")
    storage = Storage.open(f"sqlite:///{data / 'aetherist.db'}", str(data / "artifacts"))
    _row, secret = storage.keys.create("studio", ["generate"])
    storage.close()
    with serving(data, "--model", f"pocket={model_folder}", "-o", "security.keys=required") as url:
        yield url, secret
