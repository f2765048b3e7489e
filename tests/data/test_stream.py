"""Training data come in an order that the seed decides, shared among ranks, and can be taken up in the middle."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch

from aetherist.data import ImageDataset, ImageStream, StreamSampler

from .helpers import plain_set, write_set


@pytest.fixture
def data(tmp_path: Path) -> ImageDataset:
    return ImageDataset(write_set(tmp_path / "set.zip", *plain_set(7)), mirror=True)


def first(sampler: StreamSampler, count: int) -> list[int]:
    return list(islice(sampler, count))


def test_each_pass_has_every_index_once_in_an_order_of_its_own() -> None:
    order = first(StreamSampler(10, seed=3), 30)
    passes = [order[:10], order[10:20], order[20:]]
    assert all(sorted(one) == list(range(10)) for one in passes)
    assert passes[0] != passes[1] != passes[2]


def test_the_seed_decides_the_order() -> None:
    assert first(StreamSampler(50, seed=1), 60) == first(StreamSampler(50, seed=1), 60)
    assert first(StreamSampler(50, seed=1), 60) != first(StreamSampler(50, seed=2), 60)


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_ranks_together_see_the_stream_of_one(ranks: int) -> None:
    whole = first(StreamSampler(10, seed=5), 24 * ranks)
    shares = [first(StreamSampler(10, seed=5, rank=rank, ranks=ranks), 24) for rank in range(ranks)]
    assert [index for group in zip(*shares, strict=True) for index in group] == whole


def test_a_stream_can_begin_anywhere() -> None:
    assert first(StreamSampler(10, seed=5, position=13), 20) == first(StreamSampler(10, seed=5), 33)[13:]


def test_wrong_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="rank 2 is not one of 2"):
        StreamSampler(10, rank=2, ranks=2)
    with pytest.raises(ValueError, match="nothing to draw"):
        StreamSampler(0)


def test_batches_are_stacked_items(data: ImageDataset) -> None:
    batch = next(ImageStream(data, 4, seed=1))
    assert batch["image"].shape == (4, 3, 8, 8)
    assert batch["camera"].shape == (4, 25)
    assert batch["index"].shape == (4,)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_resumed_stream_goes_on_as_if_it_had_not_stopped(data: ImageDataset, workers: int) -> None:
    expected = list(islice(ImageStream(data, 3, seed=9), 9))
    stream = ImageStream(data, 3, seed=9, workers=workers)
    before = list(islice(stream, 4))
    state = stream.state_dict()
    resumed = ImageStream(data, 3, seed=0, workers=workers)
    resumed.load_state_dict(state)
    after = list(islice(resumed, 5))

    assert state["position"] == 12
    assert resumed.position == 27
    for ours, theirs in zip(before + after, expected, strict=True):
        assert torch.equal(ours["image"], theirs["image"])
        assert torch.equal(ours["camera"], theirs["camera"])


def test_a_run_of_two_ranks_is_resumed_by_one(data: ImageDataset) -> None:
    pair = [ImageStream(data, 2, seed=4, rank=rank, ranks=2) for rank in range(2)]
    for stream in pair:
        list(islice(stream, 3))
    assert pair[0].state_dict() == pair[1].state_dict()
    alone = ImageStream(data, 2, seed=4)
    alone.load_state_dict(pair[0].state_dict())
    whole = [batch["index"] for batch in islice(ImageStream(data, 2, seed=4), 8)]
    assert torch.equal(next(alone)["index"], whole[6])


def test_another_data_set_is_refused_on_resuming(data: ImageDataset) -> None:
    state = ImageStream(data, 2).state_dict() | {"length": 99}
    with pytest.raises(ValueError, match="99 pictures and this one has 14"):
        ImageStream(data, 2).load_state_dict(state)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_reading_leaves_the_callers_random_state_alone(data: ImageDataset) -> None:
    before = torch.get_rng_state()
    next(ImageStream(data, 2, workers=1))
    assert torch.equal(torch.get_rng_state(), before)
