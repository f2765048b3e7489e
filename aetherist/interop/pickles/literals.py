"""The opcodes that put a plain value on the stack: numbers, texts and byte strings, of protocols 0 to 5."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from aetherist.interop.pickles.cursor import Cursor
from aetherist.interop.pickles.errors import PickleError, printable

MAX_INTEGER = 64
"""Bytes of the widest integer that is read."""

_DECIMAL = re.compile(rb"[-+]?[0-9]{1,150}")
_DIGITS = rb"(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})"
_REAL = re.compile(rb"[-+]?(?:" + _DIGITS + rb"(?:[eE][-+]?[0-9]{1,4})?|inf|nan)")


def _decimal_integer(cursor: Cursor) -> int | bool:
    line = cursor.line()
    if line in (b"00", b"01"):
        return line == b"01"
    return _integer(line)


def _decimal_long(cursor: Cursor) -> int:
    return _integer(cursor.line().removesuffix(b"L"))


def _decimal_real(cursor: Cursor) -> float:
    line = cursor.line()
    if not _REAL.fullmatch(line):
        raise PickleError(f"{printable(line)} is no decimal number")
    return float(line)


def _long_of(width: int) -> Callable[[Cursor], int]:
    """Reader of a two's complement integer whose size in bytes stands before it in `width` bytes."""

    def read(cursor: Cursor) -> int:
        size = cursor.unsigned(width)
        if size > MAX_INTEGER:
            raise PickleError(f"an integer of {size} bytes; the limit is {MAX_INTEGER}")
        return int.from_bytes(cursor.take(size), "little", signed=True)

    return read


def _text_of(width: int, encoding: str = "utf-8", errors: str = "surrogatepass") -> Callable[[Cursor], str]:
    """Reader of a text whose size in bytes stands before it in `width` bytes."""

    def read(cursor: Cursor) -> str:
        return _decode(cursor.take(cursor.unsigned(width)), encoding, errors)

    return read


def _bytes_of(width: int) -> Callable[[Cursor], memoryview]:
    """Reader of a byte string whose size stands before it in `width` bytes; it becomes a view of the file."""

    def read(cursor: Cursor) -> memoryview:
        return cursor.take(cursor.unsigned(width))

    return read


def _escaped_text(cursor: Cursor) -> str:
    return _decode(cursor.line(limit=None), "raw_unicode_escape", "strict")


def _quoted_text(cursor: Cursor) -> str:
    line = cursor.line().strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1] or b"\\" in line:
        raise PickleError(f"{printable(line)} is no plain quoted text")
    return _decode(line[1:-1], "ascii", "strict")


def _integer(line: bytes) -> int:
    if not _DECIMAL.fullmatch(line):
        raise PickleError(f"{printable(line)} is no decimal integer")
    return int(line)


def _decode(data: memoryview | bytes, encoding: str, errors: str) -> str:
    try:
        return str(data, encoding, errors)
    except UnicodeDecodeError as fault:
        raise PickleError(f"a text is not valid {encoding}: {fault.reason}") from None


LITERALS: dict[int, Callable[[Cursor], object]] = {
    ord("N"): lambda _: None,
    ord("I"): _decimal_integer,
    ord("L"): _decimal_long,
    ord("F"): _decimal_real,
    ord("J"): lambda cursor: struct.unpack("<i", cursor.take(4))[0],
    ord("K"): lambda cursor: cursor.byte(),
    ord("M"): lambda cursor: cursor.unsigned(2),
    ord("G"): lambda cursor: struct.unpack(">d", cursor.take(8))[0],
    ord("S"): _quoted_text,
    ord("T"): _text_of(4, "latin-1", "strict"),
    ord("U"): _text_of(1, "latin-1", "strict"),
    ord("V"): _escaped_text,
    ord("X"): _text_of(4),
    ord("B"): _bytes_of(4),
    ord("C"): _bytes_of(1),
    0x88: lambda _: True,
    0x89: lambda _: False,
    0x8A: _long_of(1),
    0x8B: _long_of(4),
    0x8C: _text_of(1),
    0x8D: _text_of(8),
    0x8E: _bytes_of(8),
    0x96: _bytes_of(8),
    ord(")"): lambda _: (),
    ord("]"): lambda _: [],
    ord("}"): lambda _: {},
    0x8F: lambda _: set(),
}
"""Opcode -> reader of the value that it pushes."""
