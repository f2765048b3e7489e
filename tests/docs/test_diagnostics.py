"""Every code is documented with a wrong example that gives it, as printed, and a right one that gives nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.diagnosed import CODE, Case, cases, documented, given_by
from tests.docs.pages import ROOT

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_the_wrong_example_gives_what_the_page_prints_and_the_right_one_nothing(case: Case, tmp_path: Path) -> None:
    given = given_by(case, case.wrong, tmp_path / "wrong")
    assert given == case.expected.text, "run python -m tests.docs to write what is printed now"
    assert set(CODE.findall(given)) == {case.code}
    assert case.right, f"{case.code} has no right example"
    assert given_by(case, case.right, tmp_path / "right") == ""


def test_the_codes_of_the_package_are_the_codes_of_the_page() -> None:
    used: set[str] = set()
    for file in (ROOT / "aetherist").rglob("*.py"):
        used |= set(CODE.findall(file.read_text(encoding="utf-8")))
    headed = [case.code for case in CASES]
    assert headed == sorted(used)


def test_each_code_has_its_own_anchor() -> None:
    for section in documented().sections:
        if code := CODE.match(section.heading):
            assert section.anchor == code[0].lower()


def test_the_introduction_shows_the_diagnostic_of_the_change_it_describes() -> None:
    introduction = next(s for s in documented().sections if s.heading == "How to read one")
    shown = next(block for block in introduction.blocks if not block.language)
    assert shown.text == next(case.expected.text for case in CASES if case.code == "AE204")
