"""Work that waits: a queue for each lane, fair between clients, from which batches are taken."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import attrs

from aetherist.serve.engine.work import LANES, Lane, Picture, Work

COMPANY = 1.0
"""Seconds for which another client counts as one that may soon ask again."""


@attrs.define(eq=False)
class Item:
    """A piece of work on its way.

    Attributes:
        id: Its number.
        work: What is asked for.
        client: Who asks.
        lane: Where it is done.
        future: Of its result.
        progress: Told how far it is.
        queued: When it came.
        sent: When it went to a worker, the last time.
        deaths: How many workers died while they were at it.
        dropped: Whether nobody waits any more.
    """

    id: int
    work: Work
    client: str
    lane: Lane
    future: asyncio.Future[Any]
    progress: Callable[[float, str], None] | None
    queued: float
    sent: float = 0.0
    deaths: int = 0
    dropped: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def group(self) -> Hashable:
        """What it can share a batch with: pictures of the same model and output; anything else stands alone."""
        work = self.work
        return (work.model, work.output) if isinstance(work, Picture) else self.id


class Waiting:
    """The queue of one lane.

    Clients take turns. A batch begins with the client whose turn it is, and is filled, again in turns, with what others
    want of the same kind. What was with a worker that died comes first, each piece alone.
    """

    def __init__(self) -> None:
        self._clients: OrderedDict[str, deque[Item]] = OrderedDict()
        self._again: deque[Item] = deque()
        self._seen: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._again) + sum(map(len, self._clients.values()))

    def __iter__(self) -> Iterator[Item]:
        yield from self._again
        for items in self._clients.values():
            yield from items

    @property
    def again(self) -> bool:
        """Whether there is work whose worker died."""
        return bool(self._again)

    def count(self, client: str) -> int:
        """Return how much of a client waits."""
        return len(self._clients.get(client, ())) + sum(item.client == client for item in self._again)

    def push(self, item: Item) -> None:
        """Add work at the end of its client's row."""
        self._clients.setdefault(item.client, deque()).append(item)
        self._seen[item.client] = item.queued
        if len(self._seen) > 1024:
            self._seen = {client: at for client, at in self._seen.items() if item.queued - at < COMPANY}

    def push_again(self, item: Item) -> None:
        """Add work whose worker died; it will be done alone."""
        self._again.append(item)

    def remove(self, item: Item) -> None:
        """Take work out that nobody waits for any more."""
        row = self._clients.get(item.client)
        if item in self._again:
            self._again.remove(item)
        elif row is not None and item in row:
            row.remove(item)
            if not row:
                del self._clients[item.client]

    def first(self, *, again: bool = True) -> Item | None:
        """Return what the next batch begins with; see :meth:`take`."""
        if self._again and again:
            return self._again[0]
        return next(iter(self._clients.values()))[0] if self._clients else None

    def take(self, now: float, window: float, most: int, *, again: bool = True) -> tuple[list[Item], float]:
        """Return the next batch, or none and for how long to wait for its companions.

        Nobody waits for companions where there can be none: the batch is full, its work stands alone, or no other
        client was seen within the last second.

        Args:
            now: The time.
            window: Seconds that the first of a batch waits for others.
            most: The size of the largest batch.
            again: Whether it may be what was with a worker that died.
        """
        if self._again and again:
            return [self._again.popleft()], 0.0
        first = self.first(again=False)
        if first is None:
            return [], math.inf
        batch = self._companions(first, most)
        left = first.queued + window - now
        if left > 0 and len(batch) < most and isinstance(first.work, Picture) and self._company(first.client, now):
            return [], left
        for item in batch:
            row = self._clients[item.client]
            row.remove(item)
            if row:
                self._clients.move_to_end(item.client)
            else:
                del self._clients[item.client]
        return batch, 0.0

    def _companions(self, first: Item, most: int) -> list[Item]:
        """Return a batch: the first of each client's fitting work, then the second of each, and so on."""
        rows = [[item for item in row if item.group == first.group] for row in self._clients.values()]
        turns = (row[turn] for turn in range(max(map(len, rows))) for row in rows if turn < len(row))
        return [item for item, _ in zip(turns, range(most), strict=False)]

    def _company(self, client: str, now: float) -> bool:
        return any(now - at < COMPANY for other, at in self._seen.items() if other != client)


class Rows:
    """The queues of all lanes, and how much of each client is waiting or in work."""

    def __init__(self) -> None:
        self.lanes: dict[Lane, Waiting] = {lane: Waiting() for lane in LANES}
        self.clients: Counter[str] = Counter()

    def __getitem__(self, lane: Lane) -> Waiting:
        return self.lanes[lane]

    def enter(self, item: Item) -> None:
        """Add work, and count it as its client's."""
        self.clients[item.client] += 1
        self.lanes[item.lane].push(item)

    def leave(self, item: Item) -> None:
        """Count work no more."""
        self.clients[item.client] -= 1
        if self.clients[item.client] <= 0:
            del self.clients[item.client]
