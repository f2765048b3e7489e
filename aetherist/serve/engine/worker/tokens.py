"""How work learns that nobody waits for it any more."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

from aetherist.serve.engine.errors import Refused


class Cancelled(Exception):
    """Nobody waits for this work any more."""


class Token:
    """One piece of work: whether it is still wanted, and whom to tell how far it is."""

    def __init__(self, tell: Callable[[float, str], None] = lambda _fraction, _text: None) -> None:
        self._cancelled = threading.Event()
        self._tell = tell

    def cancel(self) -> None:
        """Say that nobody waits any more; from any thread."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits any more."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise :class:`Cancelled` if nobody waits any more."""
        if self._cancelled.is_set():
            raise Cancelled

    def tell(self, fraction: float, text: str) -> None:
        """Say how far the work is, from 0 to 1; ends it if nobody waits any more."""
        self.check()
        self._tell(fraction, text)


class Watched(TorchFunctionMode):
    """Ends what runs inside it between two operations, once nobody waits any more or it takes too much.

    It sees the calls that Python makes of PyTorch in this thread, on fake tensors as on real ones.

    Args:
        token: Of the work.
        operations: How many there may be.
        seconds: How long it may take.
        what: Takes too much, in words.
    """

    def __init__(
        self, token: Token, operations: float = math.inf, seconds: float = math.inf, what: str = "this"
    ) -> None:
        super().__init__()
        self.token = token
        self.operations, self.seconds, self.what = operations, seconds, what
        self._left = operations
        self._until = time.monotonic() + seconds

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and run it."""
        self.token.check()
        self._left -= 1
        if self._left < 0:
            raise Refused(f"{self.what} takes more than {self.operations:,} operations", "too_costly")
        if time.monotonic() > self._until:
            raise Refused(f"{self.what} takes more than {self.seconds:g} seconds", "too_costly")
        return func(*args, **(kwargs or {}))

    def __enter__(self) -> Self:
        """Begin to count."""
        self._gradients = torch.is_grad_enabled()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        """Stop counting, and put gradients back: inside ``no_grad`` it was ended before that could."""
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        torch.set_grad_enabled(self._gradients)
