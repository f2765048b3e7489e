"""Every page can be reached, every link and anchor leads somewhere, and the text is plain."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from benchmarks.generator import TUNED
from tests.docs.pages import ROOT, Page, pages, read_page

PAGES = {each.name: each for each in pages()}
LINK = re.compile(r"\]\(([^)\s]+)\)")
SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_links_lead_to_pages_and_headings(page: Page) -> None:
    for number, line in page.prose:
        for link in LINK.findall(line):
            if link.startswith("https://"):
                continue
            file, _, anchor = link.partition("#")
            target = page.path.parent / file if file else page.path
            assert target.is_file(), f"{page.name}:{number}: {link} leads to no file"
            if anchor:
                assert anchor in read_page(target).anchors, f"{page.name}:{number}: {link} leads to no heading"


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_anchors_are_unique_and_the_first_heading_is_the_title(page: Page) -> None:
    anchors = [section.anchor for section in page.sections]
    assert len(anchors) == len(set(anchors))
    assert page.text.startswith("# ")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_pages_are_ascii(page: Page) -> None:
    for number, line in enumerate(page.text.splitlines(), 1):
        assert line.isascii(), f"{page.name}:{number}"


def test_the_navigation_lists_every_page_once() -> None:
    assert sorted(_files(SITE["nav"])) == sorted(PAGES)


def test_the_builder_looks_at_links_too() -> None:
    assert SITE["strict"]
    assert SITE["validation"]["invalid_links"]
    assert SITE["validation"]["invalid_link_anchors"]


def _files(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [file for part in parts for file in _files(part)]


def test_the_allocator_settings_are_those_of_the_benchmarks() -> None:
    text = PAGES["performance.md"].text
    assert all(f"export {name}={value}\n" in text for name, value in TUNED.items())
