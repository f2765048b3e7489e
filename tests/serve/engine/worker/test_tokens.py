"""Work that nobody waits for ends between two operations, and leaves PyTorch as it was."""

from __future__ import annotations

import pytest
import torch

from aetherist.serve.engine.errors import Refused
from aetherist.serve.engine.worker.tokens import Cancelled, Token, Watched


def work(token: Token, watched: Watched, operations: int = 2) -> None:
    with watched, torch.no_grad():
        for _ in range(operations):
            torch.zeros(1)
            token.cancel()


def test_it_ends_at_the_next_operation_and_gradients_are_on_again() -> None:
    token = Token()
    with pytest.raises(Cancelled):
        work(token, Watched(token))
    assert torch.is_grad_enabled()


def test_operations_are_counted() -> None:
    with pytest.raises(Refused, match="it takes more than 3 operations"):
        work(Token(), Watched(Token(), 3, what="it"), 9)
    assert torch.is_grad_enabled()
