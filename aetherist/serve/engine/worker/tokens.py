"""How work learns that nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


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


class Watched(TorchDispatchMode):
    """Ends what runs inside it between two operations, once nobody waits any more or it takes too many of them.

    Args:
        token: Of the work.
        operations: How many there may be; ``None`` for any number.
        refuse: Gives the exception to raise where there are more.
    """

    def __init__(
        self,
        token: Token,
        operations: int | None = None,
        refuse: Callable[[int], Exception] = lambda most: RuntimeError(f"more than {most} operations"),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = token
        self.left = operations
        self.most = operations or 0
        self.refuse = refuse

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and run it."""
        self.token.check()
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise self.refuse(self.most)
        return func(*args, **(kwargs or {}))
