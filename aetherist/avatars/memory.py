"""What was computed of people, kept while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

import attrs
from torch import Tensor

from aetherist.graphs.live import size_of


@attrs.define(eq=False)
class _Entry:
    values: dict[str, Tensor] = attrs.field(factory=dict)
    size: int = 0
    lock: threading.Lock = attrs.field(factory=threading.Lock)


class Memory:
    """What was computed of the last few people, up to so many bytes; safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._people: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held."""
        with self._lock:
            return sum(entry.size for entry in self._people.values())

    def __len__(self) -> int:
        return len(self._people)

    def recall(
        self, person: str, keys: Mapping[str, str], compute: Callable[[], Mapping[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return what is known of a person under the names in ``keys``; computed if it is not there, by one thread.

        Args:
            person: Whose.
            keys: What to return under each name.
            compute: Returns all of it, by name.
        """
        with self._lock:
            entry = self._people.setdefault(person, _Entry())
            self._people.move_to_end(person)
        with entry.lock:
            if not set(keys.values()) <= entry.values.keys():
                made = compute()
                entry.values = {keys[name]: value for name, value in made.items()} | entry.values
            values = {name: entry.values[key] for name, key in keys.items()}
        with self._lock:
            entry.size = size_of(entry.values)
            held = sum(each.size for each in self._people.values())
            while held > self.limit:
                held -= self._people.popitem(last=False)[1].size
        return values

    def clear(self) -> None:
        """Forget everyone."""
        with self._lock:
            self._people.clear()
