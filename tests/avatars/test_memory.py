"""What was computed of people is kept up to so many bytes, and computed by one thread where several want it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from aetherist.avatars.memory import Memory

KEYS = {"planes": "planes(styles)"}


def planes(floats: int = 250) -> dict[str, Tensor]:
    return {"planes": torch.zeros(floats)}


def test_the_people_looked_at_last_are_kept() -> None:
    memory = Memory(2000)
    made = []

    def ask(person: str) -> None:
        memory.recall(person, KEYS, lambda: made.append(person) or planes())  # type: ignore[func-returns-value]

    for person in ("a", "b", "a", "c", "a", "b"):
        ask(person)
    assert made == ["a", "b", "c", "b"]
    assert (len(memory), memory.size) == (2, 2000)
    memory.clear()
    assert (len(memory), memory.size) == (0, 0)


def test_what_is_too_large_is_returned_and_not_kept() -> None:
    memory = Memory(10)
    assert memory.recall("a", KEYS, planes)["planes"].shape == (250,)
    assert len(memory) == 0


def test_a_graph_that_shares_a_value_does_not_compute_it_again() -> None:
    memory = Memory(10_000)
    first = memory.recall("a", KEYS, planes)["planes"]
    assert memory.recall("a", {"other_name": "planes(styles)"}, pytest.fail)["other_name"] is first
    more = {"p": "planes(styles)", "s": "styles"}
    second = memory.recall("a", more, lambda: {"p": torch.ones(250), "s": torch.ones(2)})
    assert second["p"] is first
    assert memory.size == 1008


def test_threads_that_want_the_same_wait_for_one() -> None:
    memory = Memory(10_000)
    made = []

    def slow() -> dict[str, Tensor]:
        made.append(threading.get_ident())
        time.sleep(0.02)
        return planes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: memory.recall("a", KEYS, slow)["planes"], range(8)))
    assert len(made) == 1
    assert all(each is found[0] for each in found)


def test_a_failure_is_not_kept() -> None:
    memory = Memory(10_000)

    def fail() -> dict[str, Tensor]:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        memory.recall("a", KEYS, fail)
    assert memory.recall("a", KEYS, planes)["planes"].shape == (250,)
