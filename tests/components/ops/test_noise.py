"""Random numbers are a function of seed and position."""

from __future__ import annotations

import pytest
import torch

from aetherist.components.ops.noise import hashed, normal, normal_map, uniform


def seeds(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64)


def test_a_seed_gives_the_same_numbers_in_any_batch() -> None:
    alone = normal_map(seeds(7), 8, 8, stream=3)
    together = normal_map(seeds(1, 7, -7), 8, 8, stream=3)
    assert torch.equal(alone[0], together[1])
    assert not torch.equal(together[1], together[2])


def test_a_part_of_the_positions_gives_a_part_of_the_numbers() -> None:
    whole = uniform(seeds(5), torch.arange(100), stream=0)
    part = uniform(seeds(5), torch.arange(40, 60), stream=0)
    assert torch.equal(whole[:, 40:60], part)


@pytest.mark.parametrize(
    "other", [(1, 0), (0, 1), (2**32, 0), (-1, 0)], ids=["seed", "stream", "high bits", "negative"]
)
def test_seeds_and_streams_are_independent(other: tuple[int, int]) -> None:
    positions = torch.arange(20_000)
    first = normal(seeds(0), positions, stream=0)[0]
    second = normal(seeds(other[0]), positions, stream=other[1])[0]
    for shift in range(-3, 4):
        correlation = (first * second.roll(shift)).mean()
        assert correlation.abs() < 5 / 20_000**0.5


def test_neighbouring_seeds_are_no_shifted_copies() -> None:
    first, second = hashed(seeds(0, 1), torch.arange(4096), stream=0)
    assert len(set(first.tolist()) & set(second.tolist())) < 10


def test_numbers_have_the_moments_of_their_distribution() -> None:
    x = normal(seeds(*range(10)), torch.arange(20_000), stream=1).double()
    assert x.mean().abs() < 0.01
    assert (x.std() - 1).abs() < 0.01
    assert (x**3).mean().abs() < 0.03
    assert ((x**4).mean() - 3).abs() < 0.1
    u = uniform(seeds(*range(10)), torch.arange(20_000), stream=1).double()
    assert u.min() > 0
    assert u.max() < 1
    histogram = torch.histc(u, 20, 0, 1) / u.numel()
    assert (histogram - 0.05).abs().max() < 0.003
    assert (x[:, 1:] * x[:, :-1]).mean().abs() < 0.01


KNOWN = [
    [3961953973, 3247750014, 2331584415],
    [1885666412, 4197379447, 3419543143],
    [166946704, 803277342, 902018168],
    [2882662967, 327722142, 1828924565],
]


def test_known_values() -> None:
    """The numbers are part of what a seed means: they do not change between versions."""
    assert hashed(seeds(0, 1, 2**40 + 3, -1), torch.tensor([0, 1, 1000]), stream=2).tolist() == KNOWN
