"""Which bytes a Range header asks for."""

from __future__ import annotations

import pytest

from aetherist.serve.problems import Problem
from aetherist.serve.ranges import wanted


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=10-", (10, 100)),
        ("bytes=10-1000", (10, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
    ],
)
def test_a_range_is_part_of_it(header: str, expected: tuple[int, int]) -> None:
    assert wanted(header, 100) == expected


@pytest.mark.parametrize(
    "header", [None, "", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=5-1", "bytes=x-y", "bytes"]
)
def test_what_is_not_understood_is_all_of_it(header: str | None) -> None:
    assert wanted(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_that_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(Problem) as refused:
        wanted(header, 100)
    assert refused.value.status == 416
    assert refused.value.headers["Content-Range"] == "bytes */100"
