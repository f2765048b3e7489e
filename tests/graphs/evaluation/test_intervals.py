"""Intervals hold what they promise, over people and not over pictures."""

from __future__ import annotations

import pytest
import torch

from aetherist.graphs.evaluation.intervals import Estimate, mean_of


def test_the_interval_of_a_mean_holds_the_truth_about_nineteen_times_in_twenty():
    draws = torch.randn(200, 60, generator=torch.Generator().manual_seed(0)) + 3
    found = [mean_of(values) for values in draws]
    held = sum(each.low <= 3 <= each.high for each in found)
    assert 0.88 <= held / 200 <= 0.99


def test_pictures_of_one_person_are_no_more_observations_than_one():
    values = torch.randn(30, generator=torch.Generator().manual_seed(0))
    people = torch.arange(30).repeat_interleave(10)
    alone, together = mean_of(values), mean_of(values.repeat_interleave(10), people)
    naive = mean_of(values.repeat_interleave(10))
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.01)
    assert naive.high - naive.low < 0.5 * (together.high - together.low)


def test_one_person_gives_a_mean_without_an_interval():
    assert mean_of(torch.tensor([1.0, 2.0]), torch.tensor([5, 5])) == Estimate(1.5)


def test_the_same_seed_gives_the_same_interval():
    values = torch.arange(9.0)
    assert mean_of(values, seed=1) == mean_of(values, seed=1) != mean_of(values, seed=2)


def test_a_change_of_unit_keeps_the_interval_around_its_number():
    assert Estimate(1.0, 0.5, 2.0).scaled(10) == Estimate(10.0, 5.0, 20.0)
