"""Numbers over images: how they are written, and what they are."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from aetherist.graphs.training.schedules import Number, Schedule, parse_count, spell_count, value_at

NUMBER: TypeAdapter[float | Schedule] = TypeAdapter(Number)


@pytest.mark.parametrize(
    ("text", "images"), [("25M", 25_000_000), ("200k", 200_000), ("2.5k", 2500), ("12", 12), (7, 7)]
)
def test_counts_have_suffixes(text: str | int, images: int) -> None:
    assert parse_count(text) == images


@pytest.mark.parametrize("text", ["2x", "k", "-3", "0.5", "1.0001k", ""])
def test_what_is_no_whole_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no count of images; write 5000, 200k or 25M"):
        parse_count(text)


@pytest.mark.parametrize(("images", "text"), [(200_000, "200k"), (25_000_000, "25M"), (999, "999"), (2500, "2.5k")])
def test_counts_are_spelled_as_they_are_written(images: int, text: str) -> None:
    assert spell_count(images) == text
    assert parse_count(text) == images


def test_a_schedule_goes_from_one_value_to_the_other_and_stays() -> None:
    blur = NUMBER.validate_python({"from": 10, "to": 0, "over": "200k"})
    assert [value_at(blur, n) for n in (0, 50_000, 100_000, 200_000, 10**9)] == [10, 7.5, 5, 0, 0]


def test_a_schedule_may_begin_later_and_bend() -> None:
    late = Schedule.model_validate({"from": 1, "to": 3, "over": 100, "after": 50, "shape": "cosine"})
    assert [late.at(n) for n in (0, 50, 100, 150)] == pytest.approx([1, 1, 2, 3])
    rate = Schedule.model_validate({"from": 1e-2, "to": 1e-4, "over": 100, "shape": "geometric"})
    assert rate.at(50) == pytest.approx(1e-3)


def test_a_plain_number_is_its_own_schedule() -> None:
    assert value_at(NUMBER.validate_python(0.25), 10**6) == 0.25


def test_equal_factors_need_numbers_of_one_sign() -> None:
    with pytest.raises(ValidationError, match="two numbers of one sign, neither of them 0"):
        NUMBER.validate_python({"from": 1, "to": 0, "over": 10, "shape": "geometric"})
