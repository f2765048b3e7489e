"""A configuration that changes while the gateway runs: validated whole, put in place at once, told to who watches."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from threading import RLock
from typing import Any

import attrs

from aetherist.core.errors import did_you_mean
from aetherist.serve.config import ConfigRefused, Entry, Problem, ServerConfig, Sources, entries
from aetherist.serve.config.layers import Layer, profile_layer, read_file

Callback = Callable[[ServerConfig], None]


@attrs.frozen
class Change:
    """What was asked, by whom, and what became of it: ``problems`` is empty where it was taken.

    ``values`` maps each key that differs to its value before and after (for a refused change: what was asked), without
    secrets. ``notes`` tell what has no effect, and why.
    """

    by: str
    values: Mapping[str, tuple[Any, Any]]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    at: float = attrs.field(factory=time.time)

    @property
    def accepted(self) -> bool:
        """Whether the change was taken."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON-ready data: a row of the audit."""
        return {
            "by": self.by,
            "at": self.at,
            "accepted": self.accepted,
            "values": {key: {"before": before, "after": after} for key, (before, after) in self.values.items()},
            "problems": [attrs.asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
        }


Audit = Callable[[Change], None]


class LiveConfig:
    """The configuration of a running gateway.

    Args:
        config: The configuration at the start.
        sources: The layers it was made of; without them ``config`` itself is the only one.
        audit: Told of every change that is asked for, taken or refused.
    """

    def __init__(self, config: ServerConfig, sources: Sources | None = None, audit: Audit | None = None) -> None:
        self.audit = audit
        self._config = config
        self._sources = sources or Sources(
            {"flags": Layer.of(config.model_dump(exclude_unset=True), lambda _: "given")}
        )
        self._watchers: list[tuple[str, Callback]] = []
        self._lock = RLock()

    @property
    def current(self) -> ServerConfig:
        """The configuration as it is now: one frozen whole, replaced at once by a change."""
        return self._config

    @property
    def sources(self) -> Sources:
        """The layers of the current configuration."""
        return self._sources

    def entries(self) -> list[Entry]:
        """Return every setting with its value, its source, and whether it can change, without secrets."""
        with self._lock:
            return list(entries(self._config, self._sources))

    def watch(self, pattern: str, callback: Callback) -> Callable[[], None]:
        """Call ``callback`` with the new configuration after a change of a key that fits ``pattern``: ``limits.*``.

        A callback that raises refuses the change: everything goes back to what it was. Callbacks run in the thread that
        asked for the change.

        Returns:
            What ends the watching.
        """
        watcher = (pattern, callback)
        with self._lock:
            self._watchers.append(watcher)

        def end() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._watchers.remove(watcher)

        return end

    def change(self, values: Mapping[str, Any], by: str) -> Change:
        """Change settings by their dotted keys, all of them or none; ``None`` for a key takes an earlier change back.

        Raises:
            ConfigRefused: With everything that is wrong: unknown keys, those that cannot change live and why, values.
        """
        raise NotImplementedError

    def reload(self, file: str | Path | None = None, by: str = "file") -> Change:
        """Read the configuration file again and take what it says now, all of it or nothing.

        Raises:
            ConfigRefused: With everything that is wrong.
        """
        raise NotImplementedError
