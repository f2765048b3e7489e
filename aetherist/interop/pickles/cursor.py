"""A position in bytes that never moves past their end."""

from __future__ import annotations

from aetherist.interop.pickles.errors import PickleError

LINE_STEP = 1 << 16
NAME_LIMIT = 1024


class Cursor:
    """Reads a byte string front to back; every declared length is checked before anything is taken.

    What is taken is a view: no byte is copied, so a length of four gigabytes in a short file costs nothing.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: memoryview, position: int = 0) -> None:
        self.data = data
        self.position = position

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self.data) - self.position

    def byte(self) -> int:
        """The next byte, as a number."""
        return self.take(1)[0]

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        start = self.position
        if size < 0 or size > len(self.data) - start:
            raise PickleError(
                f"{size} bytes are announced and {self.left} are left: the file is truncated or damaged;"
                " fetch it again and compare its size or checksum with the original"
            )
        self.position = start + size
        return self.data[start : self.position]

    def unsigned(self, width: int) -> int:
        """The next `width` bytes as a little-endian unsigned number."""
        return int.from_bytes(self.take(width), "little")

    def line(self, limit: int | None = NAME_LIMIT) -> bytes:
        """The bytes up to the next newline, which is consumed; at most `limit` of them unless it is None."""
        start = self.position
        end = len(self.data) if limit is None else min(len(self.data), start + limit + 1)
        for step in range(start, end, LINE_STEP):
            found = bytes(self.data[step : min(step + LINE_STEP, end)]).find(b"\n")
            if found >= 0:
                self.position = step + found + 1
                return bytes(self.data[start : step + found])
        raise PickleError("a line of text has no end here: the file is truncated or damaged")
