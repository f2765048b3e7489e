"""How much a pickle may ask for, fixed before the first byte is read."""

from __future__ import annotations

from dataclasses import dataclass

from aetherist.interop.pickles.errors import PickleError


@dataclass(frozen=True)
class Limits:
    """Bounds on one pickle, its embedded tensor archives included.

    The defaults leave an order of magnitude above what a training snapshot of 100 million parameters needs,
    and hold the reader below a few gigabytes of bookkeeping whatever the file says.
    """

    total_bytes: int = 16 << 30
    """Largest file."""
    operations: int = 4_000_000
    """Pickle opcodes in all, and so the number of values that can be made."""
    stack: int = 1_000_000
    """Values waiting on the stack at once."""
    memo: int = 2_000_000
    """Values remembered for later reference."""


class Budget:
    """What is left of the limits; shared by a pickle and the archives inside it."""

    def __init__(self, limits: Limits, size: int) -> None:
        if size > limits.total_bytes:
            raise PickleError(f"the file has {size} bytes and the limit is {limits.total_bytes}")
        self.limits = limits
        self.operations = limits.operations
        self.converted_bytes = 4 * size + 4096

    def convert(self, size: int) -> None:
        """Account for `size` bytes about to be copied out of the file.

        No honest file copies its own bytes more than a few times; a file that refers to one long text again
        and again would.
        """
        self.converted_bytes -= size
        if self.converted_bytes < 0:
            raise PickleError("the file unpacks to several times its own size, as no checkpoint does")
