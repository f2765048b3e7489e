"""An honest pickle becomes plain values, records and tensors, whatever protocol and storage format it has."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aetherist.interop.pickles import PickleError, Record, StoredTensor, read_pickle
from aetherist.interop.pickles.tensors import load
from tests.interop.snapshot import HOSTILE_SOURCE, EasyDict, Persistent, dump, network, snapshot

PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3, 4, 5])
PLAIN = {
    "integers": [0, 1, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**63, -(2**63), 2**70],
    "reals": [0.0, -1.5, 1e300, float("inf")],
    "texts": ["", "text", "\u00e9\u4e16", "line\nline", "x" * 70000],
    "rest": (
        None,
        True,
        False,
        (),
        (1,),
        (1, 2),
        (1, 2, 3),
        (1, 2, 3, 4),
        [],
        {},
        {"a": {"b": []}},
        {1: 2, None: 3},
    ),
}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_what_they_were(protocol: int) -> None:
    assert read_pickle(pickle.dumps(PLAIN, protocol)) == PLAIN


@PROTOCOLS
def test_sets_of_texts_and_byte_strings_are_read(protocol: int) -> None:
    value = read_pickle(pickle.dumps({"names": {"a", "b"}, "data": [b"\x00\xff", b""]}, protocol))
    assert value == {"names": {"a", "b"}, "data": [b"\x00\xff", b""]}


@PROTOCOLS
def test_what_is_one_object_stays_one_object(protocol: int) -> None:
    shared: list[object] = []
    first, second = read_pickle(pickle.dumps([shared, shared], protocol))
    assert first is second


@PROTOCOLS
def test_ordered_and_easy_dicts_become_dicts(protocol: int) -> None:
    versions = nn.Linear(1, 1).state_dict()
    read = read_pickle(dump([OrderedDict(a=1), EasyDict(b=EasyDict(c=2)), versions], protocol))
    assert read[:2] == [{"a": 1}, {"b": {"c": 2}}]
    assert list(read[2]) == ["weight", "bias"]


@PROTOCOLS
@pytest.mark.parametrize(
    "scalar",
    [np.float32(1.5), np.float64(-2.5), np.float16(0.5), np.int64(-7), np.uint8(255), np.bool_(True)],
)
def test_numpy_scalars_become_numbers(scalar: np.generic, protocol: int) -> None:
    value = read_pickle(pickle.dumps(scalar, protocol))
    assert value == scalar.item()
    assert type(value) is type(scalar.item())


@PROTOCOLS
@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_arrays_become_tensors(order: str, protocol: int) -> None:
    array = np.asarray(np.arange(6, dtype=np.float64).reshape(2, 3), order=order)
    stored = read_pickle(pickle.dumps(array, protocol))
    assert isinstance(stored, StoredTensor)
    assert torch.equal(load(stored), torch.from_numpy(array))


@PROTOCOLS
@pytest.mark.parametrize("zipped", [False, True], ids=["legacy archive", "zip archive"])
@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool]
)
def test_tensors_of_every_dtype_are_rebuilt(dtype: torch.dtype, zipped: bool, protocol: int) -> None:
    tensor = torch.arange(-3, 5).to(dtype).reshape(2, 4)
    stored = read_pickle(dump(tensor, protocol, zipped))
    assert isinstance(stored, StoredTensor)
    assert load(stored).dtype == dtype
    assert torch.equal(load(stored), tensor)


@pytest.mark.parametrize("zipped", [False, True], ids=["legacy archive", "zip archive"])
def test_views_scalars_and_empty_tensors_are_rebuilt(zipped: bool) -> None:
    base = torch.arange(24.0).reshape(4, 6)
    tensors = [base.T, base[1:, 2::2], base[2, 3], torch.empty(0, 5), nn.Parameter(base)]
    for stored, tensor in zip(read_pickle(dump(tensors, zipped=zipped)), tensors, strict=True):
        assert load(stored).is_contiguous()
        assert torch.equal(load(stored), tensor)


def test_a_loaded_tensor_shares_no_memory_with_the_file() -> None:
    stored = read_pickle(data := dump(torch.zeros(4)))
    assert isinstance(stored, StoredTensor)
    load(stored).fill_(1.0)
    assert data == dump(torch.zeros(4)) or torch.equal(load(stored), torch.zeros(4))


@PROTOCOLS
def test_a_snapshot_becomes_records_of_states(protocol: int, tmp_path: Path) -> None:
    tensors = {
        "backbone.mapping.fc0.weight": torch.randn(3, 2),
        "backbone.mapping.w_avg": torch.randn(3),
        "decoder.net.0.weight": torch.randn(4, 3),
        "decoder.net.2.weight": torch.randn(5, 4),
    }
    net = network("TriPlaneGenerator", tensors, _init_args=(), _init_kwargs=EasyDict(z_dim=2))
    path = tmp_path / "snapshot.pkl"
    path.write_bytes(dump(snapshot(net, net, None), protocol))
    read = read_pickle(path)
    assert isinstance(read, dict)
    assert read["D"] is None
    assert read["training_set_kwargs"]["max_size"] is None
    generator = read["G_ema"]
    assert isinstance(generator, Record)
    assert generator.class_name == "TriPlaneGenerator"
    assert generator.state["_init_kwargs"] == {"z_dim": 2}
    decoder = generator.state["_modules"]["decoder"]
    assert decoder.class_name == "training.triplane.OSGDecoder"
    net_of_decoder = decoder.state["_modules"]["net"]
    assert net_of_decoder.class_name == "torch.nn.modules.container.Sequential"
    weight = net_of_decoder.state["_modules"]["2"].state["_parameters"]["weight"]
    assert torch.equal(load(weight), tensors["decoder.net.2.weight"])


def test_the_source_inside_a_snapshot_is_neither_run_nor_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = dump(Persistent("Layer"))
    assert HOSTILE_SOURCE.encode() in data
    record = read_pickle(data)
    assert isinstance(record, Record)
    assert HOSTILE_SOURCE not in record.state.values()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"\x20\x00\x00\x00\x00\x00\x00\x00{}", "safetensors"),
        (b"weights: none\n", "no pickle"),
        (b"\x80\x09.", "protocol 9"),
    ],
)
def test_other_files_are_named_for_what_they_are(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(content)
    with pytest.raises(PickleError, match=says):
        read_pickle(path)


def test_a_path_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pkl", tmp_path):
        with pytest.raises(PickleError, match="cannot be read"):
            read_pickle(path)
