"""A hostile pickle executes nothing, allocates next to nothing, and is refused with a name and a place."""

from __future__ import annotations

import builtins
import os
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from aetherist.interop.pickles import Limits, PickleError, UnsafePickleError, read_pickle
from tests.interop.snapshot import dump, reference_names


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.reduced = (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.fixture(autouse=True)
def trap(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whatever a hostile pickle would call leaves a trace here, and the trace must stay empty."""
    sprung: list[str] = []

    def spring(name: str) -> Callable[..., None]:
        def sprung_by(*arguments: object, **options: object) -> None:
            sprung.append(name)

        return sprung_by

    for module, name in ((os, "system"), (os, "popen"), (subprocess, "Popen"), (builtins, "eval")):
        monkeypatch.setattr(module, name, spring(name))
    imported = set(sys.modules)
    yield sprung
    assert sprung == []
    assert {"antigravity", "this", "idlelib", "turtle"} & (set(sys.modules) - imported) == set()


def g(name: str) -> bytes:
    """GLOBAL, as protocol 0 to 3 write it."""
    module, _, attribute = name.rpartition(".")
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def s(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(text)]) + text.encode()


def stack_global(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return s(module) + s(attribute) + b"\x93"


FORBIDDEN = [
    "os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.eval", "builtins.exec",
    "builtins.getattr", "builtins.__import__", "builtins.open", "__builtin__.eval",
    "importlib.import_module", "operator.attrgetter", "functools.partial", "copyreg._reconstructor",
    "copy_reg._reconstructor", "pickle.loads", "torch.load", "torch.save", "torch.hub.load",
    "torch._utils.os", "torch.storage.io", "numpy.load", "numpy.core.multiarray.fromfile",
    "runpy._run_code", "antigravity.geohash", "torch_utils.persistence.os", "dnnlib.util.open_url",
    "collections.namedtuple", "_codecs.lookup", "training.os.system ", "trainingx.Evil",
    "torch.nn.modules", "",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("write", [g, stack_global], ids=["GLOBAL", "STACK_GLOBAL"])
def test_a_global_outside_of_the_format_is_refused_by_name(name: str, write: Callable[[str], bytes]) -> None:
    data = b"\x80\x04" + s("echo run") + write(name) + b"\x85R."
    with pytest.raises(UnsafePickleError) as refused:
        read_pickle(data)
    assert name in str(refused.value)
    assert "Nothing was executed" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_message_names_the_byte() -> None:
    with pytest.raises(UnsafePickleError, match=r"byte 5: .*'os\.system'"):
        read_pickle(b"\x80\x02K\x010" + g("os.system") + b".")


@pytest.mark.parametrize("protocol", range(6))
def test_reduce_of_a_function_is_refused(protocol: int) -> None:
    for call in (Call(os.getcwd), Call(print, "run"), Call(getattr, Call(__import__, "os"), "system")):
        with pytest.raises(UnsafePickleError, match=r"getcwd|print|getattr|__import__"):
            read_pickle(pickle.dumps(call, protocol))


@pytest.mark.parametrize("protocol", range(6))
def test_reduce_on_nested_objects_is_refused(protocol: int) -> None:
    hidden = {"G_ema": [{"state": ("deep", [Call(os.getpid)])}]}
    with pytest.raises(UnsafePickleError, match="getpid"):
        read_pickle(pickle.dumps(hidden, protocol))


def test_a_hostile_value_inside_a_persistent_object_is_refused() -> None:
    with reference_names():
        from torch_utils.persistence import _reconstruct_persistent_obj

        meta = {"type": "class", "class_name": "X", "module_src": "", "state": {"hook": Call(os.getpid)}}
        data = pickle.dumps(Call(_reconstruct_persistent_obj, meta))
    with pytest.raises(UnsafePickleError, match="getpid"):
        read_pickle(data)


def test_a_getattr_chain_finds_no_first_link() -> None:
    data = b"\x80\x04" + g("builtins.getattr") + g("builtins.__import__") + s("os") + b"\x85R" + s("system") + b"\x86R."
    with pytest.raises(UnsafePickleError, match=r"builtins\.getattr"):
        read_pickle(data)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\x82\x01", "extension code"),
        (b"\x83\x01\x00", "extension code"),
        (b"\x84\x01\x00\x00\x00", "extension code"),
        (b"(ios\nsystem\n", r"os\.system"),
        (b"(itraining.triplane\nOSGDecoder\n", "INST"),
        (b"(" + g("training.triplane.OSGDecoder") + b"o", "OBJ"),
        (g("training.triplane.OSGDecoder") + b")}\x92", "NEWOBJ_EX"),
        (g("training.triplane.OSGDecoder") + s("x") + b"\x85\x81", "with arguments"),
        (g("training.triplane.OSGDecoder") + b")R", "may only be mentioned"),
        (g("torch.float32") + b")R", "may only be mentioned"),
        (g("torch.float32") + b")\x81", "constructs"),
        (g("torch.float32") + b"}b", "sets the state"),
        (g("training.triplane.OSGDecoder") + s("x") + b"R", "calls"),
        (s("os.system") + s("x") + b"\x85R", "calls a str"),
        (b"\x97", "outside"),
        (b"\x98", "outside"),
        (b"Pos.system\n", "outside"),
        (s("os") + b"Q", "outside"),
        (g("_codecs.encode") + s("os") + s("latin1") + b"\x86R" + s("system") + b"\x93", "2 bytes"),
        (b"K\x01" + s("system") + b"\x93", "a int"),
        (b"N" + s("system") + b"\x93", "nothing"),
        (s("collections") + s("OrderedDict.__init__") + b"\x93", "OrderedDict.__init__"),
        (s("training.x") + s("Y.__reduce__") + b"\x93", "Y.__reduce__"),
        (s("torch.nn.modules.x\ny") + s("Z") + b"\x93", "torch.nn.modules"),
    ],
)
def test_every_other_way_to_construct_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(UnsafePickleError, match=says):
        read_pickle(b"\x80\x04" + body + b".")


def test_names_computed_on_the_stack_are_judged_like_written_ones() -> None:
    name_from_memo = s("os") + b"\x94" + s("system") + b"\x940" + b"0" + b"h\x00h\x01\x93"
    with pytest.raises(UnsafePickleError, match=r"os\.system"):
        read_pickle(b"\x80\x04" + name_from_memo + s("x") + b"\x85R.")


@pytest.mark.parametrize(
    "body",
    [
        g("_codecs.encode") + s("x") + s("rot13") + b"\x86R",
        g("_codecs.encode") + s("x") + b"\x85R",
        g("torch._utils._rebuild_tensor_v2") + b")R",
        g("torch._utils._rebuild_parameter") + b"N\x85R",
        g("torch.storage._load_from_bytes") + s("x") + b"\x85R",
        g("torch_utils.persistence._reconstruct_persistent_obj") + b"}\x85R",
        g("numpy.dtype") + s("O8") + b"\x85R",
        g("numpy.core.multiarray.scalar") + g("numpy.dtype") + s("f4") + b"\x85RC\x01x\x86R",
        g("numpy.core.multiarray._reconstruct") + g("torch.float32") + b"K\x00\x85C\x01b\x87R",
        g("collections.OrderedDict") + b"]\x85R",
        g("builtins.set") + b"](]e\x85R",
        g("training.triplane.OSGDecoder") + b")\x81K\x01b",
    ],
)
def test_a_listed_name_with_foreign_arguments_is_an_error(body: bytes) -> None:
    with pytest.raises(PickleError):
        read_pickle(b"\x80\x04" + body + b".")


# Damage


def test_a_file_cut_anywhere_is_refused() -> None:
    data = dump({"a": torch.arange(3.0), "b": "text"})
    for size in range(1, len(data)):
        with pytest.raises(PickleError):
            read_pickle(data[:size])


@pytest.mark.parametrize("code", [0x00, 0xFF, 0x99, 0x7F, ord("z")])
def test_an_unknown_opcode_is_refused(code: int) -> None:
    with pytest.raises(PickleError, match=f"0x{code:02x} is no pickle opcode"):
        read_pickle(b"\x80\x04" + bytes([code]) + b".")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"0", b"2", b"a", b"]a", b"K\x01K\x02a", b"e", b"(e", b"u", b"}(K\x01u", b"](K\x01K\x02u",
        b"s", b"t", b"1", b"\x85", b"\x94", b"h\x00", b"g7\n", b"gx\n", b"g" + b"9" * 500 + b"\n",
        b"j\x00\x00\x00\x01", b"R", b"b", b"\x81", b"\x93", b"Ix\n", b"I" + b"9" * 5000 + b"\n", b"F1e\n",
        b"Fnan(1)\n", b"L0x1L\n", b"Sx\n", b"S'\\x41'\n", b"V\\u12\n", b"\x8c\x01\xff", b"}]K\x01s",
        b"}}K\x01s", b"}(]K\x01u", b"\x8f(]\x90", b"(]\x91", b"K\x01(K\x01\x90", b"(", b"\x8a\xff" +
        b"\x01" * 255, b"}\x8a\x09" + b"\xff" * 8 + b"\x00K\x01s", b"c" + b"a" * 5000, b"c" + b"a" * 5000
        + b"\nb\n",
    ],
)  # fmt: skip
def test_a_pickle_that_makes_no_sense_is_an_error(body: bytes) -> None:
    with pytest.raises(PickleError):
        read_pickle(b"\x80\x04" + body + b".")


# Size


LENGTHS = {
    "BINBYTES": b"B" + struct.pack("<I", 2**32 - 1),
    "BINBYTES8": b"\x8e" + struct.pack("<Q", 2**32),
    "BINUNICODE": b"X" + struct.pack("<I", 2**32 - 1),
    "BINUNICODE8": b"\x8d" + struct.pack("<Q", 2**63),
    "BYTEARRAY8": b"\x96" + struct.pack("<Q", 2**64 - 1),
    "BINSTRING": b"T" + struct.pack("<I", 2**31),
    "LONG4": b"\x8b" + struct.pack("<I", 2**31 - 1),
    "FRAME": b"\x95" + struct.pack("<Q", 2**32),
}


@pytest.mark.parametrize("header", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_length_of_gigabytes_is_refused_before_anything_is_allocated(header: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PickleError, match=r"are left|an integer of"):
            read_pickle(b"\x80\x04" + header + b"rest.")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_memo_indices_of_gigabytes_allocate_nothing() -> None:
    tracemalloc.start()
    try:
        read_pickle(b"\x80\x04Nr" + struct.pack("<I", 2**32 - 1) + b"p999999999999\n.")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_memo_bomb_stays_as_small_as_its_file() -> None:
    laughs = b"\x80\x04]\x94" + b"".join(b"](" + b"h" + bytes([n]) + b"2" * 9 + b"e\x94" for n in range(200)) + b"."
    started = time.process_time()
    outer: Any = read_pickle(laughs)
    assert len(outer) == 10
    assert outer[0] is outer[9]
    assert time.process_time() - started < 5


def test_more_of_anything_than_the_limits_allow_is_refused() -> None:
    limits = Limits(total_bytes=10_000, operations=1_000, stack=100, memo=50)
    for body, says in (
        (b"N" * 101, "on the stack"),
        (b"(" * 101, "open groups"),
        (b"N" + b"\x94" * 51, "in the memo"),
        (b"N0" * 501, "operations"),
        (b"\x8a\xff" + b"\x01" * 255, "an integer of 255 bytes"),
        (b"N" * 10_000, "the limit is 10000"),
    ):
        with pytest.raises(PickleError, match=says):
            read_pickle(body + b".", limits)


def test_one_text_turned_into_bytes_again_and_again_is_refused() -> None:
    text = b"X" + struct.pack("<I", 1 << 20) + b"x" * (1 << 20)
    again = g("_codecs.encode") + b"\x94" + text + b"\x94" + s("latin1") + b"\x86\x94R" + b"h\x00h\x02R" * 1000
    with pytest.raises(PickleError, match="several times its own size"):
        read_pickle(b"\x80\x04" + again + b".")


@pytest.mark.parametrize(
    "body",
    [
        b"]" * 100_000 + b"a" * 99_999,
        b"N" + b"\x85" * 300_000,
        b"(" * 100_000 + b"t" * 100_000,
        b"}" + b"\x85" * 200_000,
    ],
    ids=["lists", "tuples", "marks", "tuples around a dict"],
)
def test_deep_nesting_costs_no_python_stack(body: bytes) -> None:
    value = read_pickle(b"\x80\x04" + body + b".")
    del value


def test_records_nested_deeply_are_read_and_freed() -> None:
    depth = 20_000
    first = b"\x80\x04" + g("training.triplane.OSGDecoder") + b"\x940"
    data = first + (b"h\x00)\x81}" + s("a")) * depth + b"N" + b"sb" * depth + b"."
    value = read_pickle(data)
    assert repr(value) == "Record('training.triplane.OSGDecoder', 1 attributes)"
    del value
