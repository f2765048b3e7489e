"""Whatever bytes it is given, the reader gives a value or its own error, and never runs anything."""

from __future__ import annotations

import os
import random
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aetherist.interop.pickles import Limits, PickleError, StoredTensor, read_pickle
from aetherist.interop.pickles.tensors import load
from aetherist.interop.pickles.values import Storage
from tests.interop.snapshot import EasyDict, dump, network

LIMITS = Limits(total_bytes=1 << 20, operations=100_000, stack=10_000, memo=10_000)
OPCODES = bytes(range(0x80, 0x99)) + b"(.012FIJKLMNPQRSTUVXabcdeghijlopqrstu)]}GBC"


@cache
def good(zipped: bool, protocol: int) -> bytes:
    tensors = {
        "backbone.mapping.w_avg": torch.arange(4.0),
        "decoder.net.0.weight": torch.arange(6.0).reshape(2, 3),
    }
    net = network("TriPlaneGenerator", tensors, _init_args=(), _init_kwargs=EasyDict(z_dim=4))
    return dump({"G_ema": net, "plain": [1, 2.5, "x", None]}, protocol, zipped)


def read_or_refuse(data: bytes) -> object:
    called: list[object] = []
    real, os.system = os.system, called.append
    try:
        return read_pickle(data, LIMITS)
    except PickleError as fault:
        said = str(fault)
        return None if said.isascii() and said.isprintable() else pytest.fail(f"unprintable: {said!a}")
    finally:
        os.system = real
        assert called == []


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 8),
    zipped=st.booleans(),
    protocol=st.sampled_from([2, 4]),
)
def test_mutations_of_a_good_snapshot(seed: int, count: int, zipped: bool, protocol: int) -> None:
    dice = random.Random(seed)
    data = bytearray(good(zipped, protocol))
    for _ in range(count):
        place = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data[place] = dice.randrange(256)
            case 1:
                data[place] = dice.choice(OPCODES)
            case 2:
                del data[place : place + dice.randrange(1, 20)]
            case 3:
                start = dice.randrange(len(data))
                data[place:place] = data[start : start + dice.randrange(1, 40)]
    read_or_refuse(bytes(data))


@settings(max_examples=300, deadline=None)
@given(body=st.lists(st.sampled_from(sorted(OPCODES)) | st.integers(0, 255), max_size=60).map(bytes))
def test_opcodes_in_any_order(body: bytes) -> None:
    read_or_refuse(b"\x80\x04" + body)
    read_or_refuse(b"\x80\x04" + body + b".")


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(0, 20),
    offset=st.integers(-2, 20),
    shape=st.lists(st.integers(-1, 6), max_size=4),
    strides=st.lists(st.integers(-1, 12), max_size=4),
)
def test_a_tensor_that_is_accepted_can_be_loaded(count: int, offset: int, shape: list[int], strides: list[int]) -> None:
    storage = Storage("float32", count)
    storage.fill(memoryview(bytes(4 * count)))
    try:
        stored = StoredTensor(storage, offset, tuple(shape), tuple(strides))
    except PickleError:
        return
    assert load(stored).shape == tuple(shape)


def test_the_good_snapshot_is_good() -> None:
    for zipped in (False, True):
        for protocol in (2, 4):
            assert read_or_refuse(good(zipped, protocol)) is not None


def test_every_kind_of_byte_at_many_places() -> None:
    data = good(False, 4)
    for place in range(0, len(data), 7):
        for value in b"\x00.R\x93\xff":
            read_or_refuse(data[:place] + bytes([value]) + data[place + 1 :])
