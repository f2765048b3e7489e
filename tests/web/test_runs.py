"""The Runs page in a real browser: curves and pictures of trainings, while they go on."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.serving import serving

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def record(step: int) -> str:
    """A line of the records of a training whose loss falls."""
    loss = 3 * math.exp(-step / 20) + 0.5
    terms = {"generator.loss": loss, "generator.terms.likeness": loss / 4}
    values = {"step": step, "images": 100 * step, "seconds": 60.0 * step, "speed": 5.0, "memory": 2**30}
    return json.dumps({**values, "terms": terms, "rates": {"generator": 0.01}, "controls": {}, "skipped": 0}) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs; the second has pictures."""
    folder = tmp_path_factory.mktemp("runs")
    for name, steps in (("00000-first", 20), ("00001-second", 60)):
        run = folder / name
        (run / "pictures").mkdir(parents=True)
        (run / "recipe.yaml").write_text(f"name: {name[6:]}\ntraining: {{length: 8k}}\n", encoding="utf-8")
        (run / "stats.jsonl").write_text("".join(map(record, range(1, steps + 1))), encoding="utf-8")
    for images in (1000, 6000):
        for output in ("image", "depth"):
            picture = Image.new("RGB", (64, 64), (images // 40, 90, 120))
            picture.save(folder / "00001-second" / "pictures" / f"{output}-{images:09d}.png")
    return folder


@pytest.fixture(scope="module")
def server(chromium: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that shows the runs."""
    with serving(tmp_path_factory.mktemp("data"), "--model", "tiny", "--runs", str(folder)) as url:
        yield url


@pytest.fixture
def runs(open_page: OpenPage, server: str) -> Any:
    """The page, with the newest run."""
    page = open_page("/runs", base=server)
    chart(page, "loss").wait_for()
    return page


def chart(page: Any, name: str) -> Any:
    return page.get_by_role("img", name=f"{name} over ")


def curve(page: Any, name: str, number: int = 0) -> Any:
    """A curve of a chart; a flat one has no height, so that it is not waited for to be seen."""
    found = chart(page, name).locator("path.curve").nth(number)
    found.wait_for(state="attached")
    return found


def test_the_newest_run_is_shown_with_a_chart_for_each_number(runs: Any) -> None:
    assert runs.get_by_role("checkbox", name=re.compile("00001-second")).is_checked()
    for name in ("loss", "likeness", "learning rate of generator", "images a second", "memory, GiB"):
        curve(runs, name)
    assert runs.get_by_text("6000 of 8000 images").is_visible()


def test_curves_of_several_runs_lie_over_each_other_and_the_address_says_which(runs: Any) -> None:
    runs.get_by_role("checkbox", name=re.compile("00000-first")).check()
    runs.wait_for_url(re.compile("run=00001-second&run=00000-first"))
    curve(runs, "loss", 1)


def test_curves_are_smoothed_and_drawn_over_a_logarithmic_axis(runs: Any) -> None:
    def path() -> str:
        return str(curve(runs, "loss").get_attribute("d"))

    smoothed = path()
    runs.get_by_label("Smoothing, number").fill("0")
    runs.get_by_label("Smoothing, number").press("Enter")
    plain = path()
    assert plain != smoothed
    runs.get_by_role("radio", name="Log").check()
    logarithmic = path()
    assert logarithmic != plain
    runs.get_by_role("radio", name="Hours").check()
    chart(runs, "loss").and_(runs.locator('[aria-label*="hours"]')).wait_for()


def test_values_are_read_off_with_the_pointer_and_with_keys(runs: Any) -> None:
    box = chart(runs, "loss").bounding_box()
    runs.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    runs.get_by_text("00001-second", exact=True).nth(1).wait_for()
    chart(runs, "likeness").focus()
    runs.keyboard.press("Home")
    runs.get_by_text(re.compile("At 100 images: 00001-second 0.8")).wait_for()


def test_pictures_are_looked_at_through_the_time_of_the_training(runs: Any) -> None:
    shown = runs.get_by_role("img", name=re.compile("of 00001-second after"))
    assert shown.get_attribute("alt") == "image of 00001-second after 6000 images"
    runs.get_by_role("button", name="Earlier pictures").click()
    assert shown.get_attribute("alt") == "image of 00001-second after 1000 images"
    runs.get_by_role("radio", name="depth").check()
    assert shown.get_attribute("alt") == "depth of 00001-second after 1000 images"
    assert shown.evaluate("async image => (await image.decode(), image.naturalWidth)") == 64


def test_what_a_training_writes_appears_by_itself(runs: Any, folder: Path) -> None:
    before = curve(runs, "loss").get_attribute("d")
    with (folder / "00001-second" / "stats.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(map(record, range(61, 80)))
    picture = Image.new("RGB", (64, 64), (10, 90, 120))
    picture.save(folder / "00001-second" / "pictures" / "image-000007900.png")
    runs.get_by_text("7900 of 8000 images").wait_for()
    runs.get_by_role("img", name="image of 00001-second after 7900 images").wait_for()
    assert curve(runs, "loss").get_attribute("d") != before


def test_a_phone_shows_all_of_it(open_page: OpenPage, server: str) -> None:
    page = open_page("/runs?run=00000-first", base=server, width=390, height=844)
    chart(page, "loss").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_server_without_a_folder_of_runs_says_how_to_give_one(open_page: OpenPage) -> None:
    page = open_page("/runs")
    page.get_by_text("aetherist serve --runs FOLDER").wait_for()
