"""What the pages show runs, page by page, in a folder that holds nothing but what the page made.

The examples of ``diagnostics.md`` have tests of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.exampled import outcomes
from tests.docs.pages import Page, pages
from tests.docs.sandbox import sandbox

PAGES = {each.name: each for each in pages() if each.name != "diagnostics.md"}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_the_examples_of_a_page_give_what_it_says(page: Page, tmp_path: Path) -> None:
    with sandbox(tmp_path, page.name) as box:
        for outcome in outcomes(page, box):
            where = f"{page.name}:{outcome.block.line}: {outcome.what}"
            assert outcome.agrees, f"{where} gives\n{outcome.given}\nand is said to give\n{outcome.expected}"
