"""Being asked to stop, by Ctrl-C or by whoever runs the machine: finish the step, then leave in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import attrs

ASKING = (signal.SIGINT, signal.SIGTERM)


@attrs.define
class StopRequest:
    """Whether a stop has been asked for; call it to know."""

    asked: bool = False

    def __call__(self) -> bool:
        """Return whether to stop."""
        return self.asked


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a request; a second one ends the process as ever. Main thread only."""
    request = StopRequest()
    before = {number: signal.getsignal(number) for number in ASKING}

    def ask(_number: int, _frame: FrameType | None) -> None:
        request.asked = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in ASKING:
        signal.signal(number, ask)
    try:
        yield request
    finally:
        restore()
