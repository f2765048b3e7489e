"""The System page in a real browser: how the server is doing, each second, and who used it."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


@pytest.fixture
def system(open_page: OpenPage, gateway: str) -> Any:
    """The page, after some work and a mistake."""
    for seed in range(3):
        urllib.request.urlopen(f"{gateway}/v1/models/tiny/seeds/{seed}.png").read()
    with suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"{gateway}/v1/models/nobody")
    page = open_page("/system")
    page.get_by_text("Live", exact=True).wait_for()
    return page


def part(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def test_it_says_how_the_server_is_doing_and_goes_on_saying_so(system: Any) -> None:
    assert system.get_by_text(re.compile("version .*, up ")).is_visible()
    up = system.get_by_text(re.compile("version .*, up ")).inner_text()
    system.wait_for_function("before => !document.body.innerText.includes(before)", arg=up)
    for name in ("Waiting", "At work", "Throughput", "Memory", "Open views", "Jobs at work", "Problems", "Artifacts"):
        assert system.locator("dt").get_by_text(name, exact=True).first.is_visible()


def test_the_time_of_requests_is_told_by_stage(system: Any) -> None:
    rows = part(system, "Latency by stage").get_by_role("row")
    stages = [row.get_by_role("rowheader").inner_text() for row in rows.all()[1:]]
    assert {"queue", "render", "encode"} <= set(stages)
    assert re.search(r"\d (s|ms|\u00b5s)", rows.nth(1).inner_text())


def test_workers_are_told_with_their_models_and_memory(system: Any) -> None:
    workers = part(system, "Workers")
    workers.get_by_text("ready").first.wait_for()
    assert "cpu" in workers.inner_text()
    assert re.search(r"\d MiB", workers.inner_text())
    assert {"pocket", "tiny"} <= set(workers.get_by_role("listitem").locator(".name").all_inner_texts())


def test_problems_are_counted_by_kind(system: Any) -> None:
    problems = part(system, "Problems")
    problems.get_by_role("rowheader", name="unknown model").wait_for()


def test_queue_throughput_and_memory_are_curves(system: Any) -> None:
    for name in ("Queue", "Throughput", "Memory"):
        assert part(system, name).get_by_role("img").locator("path.curve").count() >= 1


def test_usage_is_told_by_model_key_and_operation_over_time(system: Any) -> None:
    usage = part(system, "Usage")
    usage.get_by_role("rowheader", name="tiny").wait_for()
    assert usage.get_by_role("img").locator("rect").count() >= 1
    usage.get_by_role("radio", name="Operation").check()
    usage.get_by_role("columnheader", name="Operation").wait_for()
    usage.get_by_role("radio", name="24 h").check()
    usage.get_by_role("img").focus()
    system.keyboard.press("End")
    usage.get_by_text(re.compile("^From ")).wait_for()


def test_usage_is_saved_as_a_table(system: Any, tmp_path: Path) -> None:
    with system.expect_download() as download:
        part(system, "Usage").get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "usage.csv")
    lines = (tmp_path / "usage.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "at,model,key_id,operation,count,pictures,seconds,errors"
    assert any(",tiny," in line for line in lines[1:])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_all_of_it(open_page: OpenPage, theme: str) -> None:
    page = open_page("/system", width=390, height=844, color_scheme=theme)
    page.get_by_text("Live", exact=True).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
