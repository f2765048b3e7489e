"""Work that waits is taken in batches, and clients take turns."""

from __future__ import annotations

import asyncio
import math
from itertools import count
from typing import Any

import pytest

from aetherist.serve.engine.waiting import COMPANY, Item, Waiting
from aetherist.serve.engine.work import MakeAvatar, Person, Picture, Work

NUMBERS = count()


def item(client: str, output: str = "image", at: float = 0.0, work: Work | None = None) -> Item:
    loop: Any = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    return Item(
        next(NUMBERS),
        work or Picture("tiny", Person(seed=1), output=output),
        client,
        "interactive",
        future,
        None,
        at,
    )


def taken(queue: Waiting, most: int = 8, now: float = 100.0) -> str:
    return "".join(each.client for each in queue.take(now, 0.004, most)[0])


def filled(*clients: str, at: float = 0.0) -> Waiting:
    queue = Waiting()
    for client in clients:
        queue.push(item(client, at=at))
    return queue


def test_clients_take_turns_within_a_batch() -> None:
    assert taken(filled(*"aaaaab")) == "abaaaa"
    assert taken(filled(*"aaabbc")) == "abcaba"


def test_a_client_with_much_does_not_keep_others_out_of_the_next_batch() -> None:
    queue = filled(*"aaaaaaaabbb")
    assert taken(queue, 4) == "abab"
    queue.push(item("c"))
    assert sorted(taken(queue, 3)) == ["a", "b", "c"]


def test_turns_go_on_where_the_last_batch_ended() -> None:
    queue = filled(*"aabbcc")
    assert [taken(queue, 1) for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_a_batch_is_of_one_model_and_output() -> None:
    queue = Waiting()
    for output in ("image", "raw", "image", "depth"):
        queue.push(item("a", output))
    queue.push(item("b", "raw"))
    batches = []
    while len(queue):
        batches.append([each.work.output for each in queue.take(100.0, 0.0, 8)[0]])  # type: ignore[union-attr]
    assert sorted(batches) == [["depth"], ["image", "image"], ["raw", "raw"]]


def test_other_work_stands_alone() -> None:
    queue = Waiting()
    for _ in range(2):
        queue.push(item("a", work=MakeAvatar("tiny", Person(seed=1))))
    assert taken(queue) == "a"


def test_the_first_waits_for_companions_while_others_are_about() -> None:
    queue = filled("a", "b", at=10.0)
    batch, left = queue.take(10.001, 0.004, 8)
    assert batch == []
    assert left == pytest.approx(0.003)
    assert taken(queue, now=10.0041) == "ab"


def test_a_full_batch_waits_for_nobody() -> None:
    assert taken(filled("a", "b", at=10.0), 2, now=10.0) == "ab"


def test_who_is_alone_does_not_wait() -> None:
    queue = filled("a", at=10.0)
    assert taken(queue, now=10.0) == "a"
    queue.push(item("b", at=10.1))
    assert queue.take(10.1, 0.004, 8)[0] == []
    queue.push(item("b", at=10.2 + 2 * COMPANY))
    assert taken(queue, now=10.2 + 2 * COMPANY) == "bb"


def test_nothing_waits_for_ever_in_an_empty_queue() -> None:
    assert Waiting().take(0.0, 0.004, 8) == ([], math.inf)


def test_what_is_taken_out_is_gone() -> None:
    queue = filled("a", "b")
    gone = next(iter(queue))
    queue.remove(gone)
    queue.remove(gone)
    assert (len(queue), queue.count("a"), queue.count("b")) == (1, 0, 1)
    assert taken(queue) == "b"


def test_what_was_with_a_worker_that_died_comes_first_and_alone() -> None:
    queue = filled("a", "b")
    queue.push_again(item("c"))
    queue.push_again(item("c"))
    assert queue.count("c") == 2
    assert taken(queue) == "c"
    assert "".join(each.client for each in queue.take(100.0, 0.0, 8, again=False)[0]) == "ab"
    assert taken(queue) == "c"
    assert not queue.again
