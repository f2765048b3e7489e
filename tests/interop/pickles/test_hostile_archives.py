"""A hostile tensor, or a hostile archive around one, is refused like any other part of a pickle."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
import torch

from aetherist.interop.pickles import PickleError, UnsafePickleError, read_pickle


def g(name: str) -> bytes:
    """GLOBAL, as protocol 0 to 3 write it."""
    module, _, attribute = name.rpartition(".")
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def s(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(text)]) + text.encode()


def tensor_call(storage: bytes, offset: int, shape: bytes, strides: bytes) -> bytes:
    return (
        g("torch._utils._rebuild_tensor_v2")
        + b"("
        + storage
        + b"J"
        + struct.pack("<i", offset)
        + shape
        + strides
        + b"\x89}tR"
    )


def embedded(archive: bytes) -> bytes:
    return g("torch.storage._load_from_bytes") + b"B" + struct.pack("<I", len(archive)) + archive + b"\x85R"


def archive(count: int = 4) -> bytes:
    stream = io.BytesIO()
    torch.save(torch.arange(float(count)).untyped_storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, b"K\x11\x85", b"K\x01\x85"),
        (13, b"K\x04\x85", b"K\x01\x85"),
        (-1, b"K\x04\x85", b"K\x01\x85"),
        (0, b"J\xff\xff\xff\xff\x85", b"K\x01\x85"),
        (0, b"K\x04\x85", b"J\xff\xff\xff\xff\x85"),
        (0, b"K\x04\x85", b"K\x00\x85"),
        (0, b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", b"K\x00K\x00\x86"),
        (0, b"K\x04\x85", b"K\x01K\x01\x86"),
        (0, b"K\x04\x85", s("x") + b"\x85"),
        (0, b"(" + b"K\x01" * 40 + b"t", b"(" + b"K\x01" * 40 + b"t"),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(offset: int, shape: bytes, strides: bytes) -> None:
    with pytest.raises(PickleError):
        read_pickle(b"\x80\x04" + tensor_call(embedded(archive()), offset, shape, strides) + b".")


def test_an_archive_cut_anywhere_is_refused() -> None:
    whole = archive()
    for size in range(len(whole)):
        with pytest.raises(PickleError):
            read_pickle(b"\x80\x04" + embedded(whole[:size]) + b".")


def test_an_archive_that_announces_gigabytes_is_refused() -> None:
    whole = archive()
    for count in (5, 2**32, 2**62, 2**63 + 16):
        with pytest.raises(PickleError):
            read_pickle(b"\x80\x04" + embedded(whole.replace(struct.pack("<q", 16), struct.pack("<Q", count))) + b".")


def test_a_hostile_pickle_inside_an_archive_is_refused() -> None:
    evil = g("os.system") + s("x") + b"\x85R."
    header = archive()[: archive().index(b"\x80\x02(")]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as writer:
        writer.writestr("archive/data.pkl", b"\x80\x02" + evil)
    nested = b"\x80\x02" + embedded(archive()) + b"."
    for inner, name in ((evil, "os.system"), (header + evil, "os.system"), (zipped.getvalue(), "os.system")):
        with pytest.raises(UnsafePickleError, match=rf"byte .*embedded tensor archive, byte .*{name}"):
            read_pickle(b"\x80\x04" + embedded(inner) + b".")
    with pytest.raises(UnsafePickleError, match="_load_from_bytes"):
        read_pickle(b"\x80\x04" + embedded(header + nested) + b".")


def zip_of(compression: int = zipfile.ZIP_STORED, **changed: bytes | None) -> bytes:
    stream = io.BytesIO()
    torch.save(torch.arange(4.0).untyped_storage(), stream)
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as reader, zipfile.ZipFile(out, "w", compression) as writer:
        for name in reader.namelist():
            content = changed.get(name.partition("/")[2].replace("/", "_"), reader.read(name))
            if content is not None:
                writer.writestr(name, content)
    return out.getvalue()


def test_a_zip_archive_must_be_whole_plain_and_little_endian() -> None:
    read_pickle(b"\x80\x04" + embedded(zip_of()) + b".")
    for bad in (
        zip_of(zipfile.ZIP_DEFLATED),
        zip_of(byteorder=b"big"),
        zip_of(data_0=b"short"),
        zip_of(data_0=None),
        zip_of(data_0=bytes(1 << 16)),
        zip_of()[:-30],
        b"PK\x03\x04" + b"\x00" * 100,
    ):
        with pytest.raises(PickleError):
            read_pickle(b"\x80\x04" + embedded(bad) + b".")
