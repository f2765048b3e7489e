"""A configuration that changes while the gateway runs: validated whole, put in place at once, told to who watches."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from threading import RLock
from typing import Any

import attrs

from aetherist.serve.config import ConfigRefused, Entry, Problem, ServerConfig, Sources, entries
from aetherist.serve.config.fields import without_secrets
from aetherist.serve.config.layers import Layer, path_of, profile_layer, read_file
from aetherist.serve.config.listing import plain
from aetherist.telemetry import get_logger

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

        Changes go before everything else that says a setting, until the file says another value of it or the gateway
        ends.

        Raises:
            ConfigRefused: With everything that is wrong: unknown keys, those that cannot change live and why, values.
        """
        with self._lock:
            made = dict(self._sources.layers.get("changes", Layer()).values)
            values = dict(_single(values))
            for key, value in values.items():
                made.pop(path_of(key), None)
                if value is not None:
                    made[path_of(key)] = (value, f"change by {by}")
            asked = {key: (self._value(key), without_secrets(value)) for key, value in values.items()}
            return self._apply(self._sources.with_layer("changes", Layer(made)), by, asked)

    def reload(self, file: str | Path | None = None, by: str = "file") -> Change:
        """Read the configuration file again and take what it says now, all of it or nothing.

        Raises:
            ConfigRefused: With everything that is wrong.
            OSError: If the file cannot be read.
        """
        with self._lock:
            before, path = self._sources, Path(file) if file is not None else self._sources.file
            if path is None:
                raise ValueError("the gateway was started without a configuration file; name one")
            try:
                layer, profile = read_file(path)
                sources = attrs.evolve(before.with_layer("file", layer), file=path)
                if before.profile_in_file:
                    sources = attrs.evolve(sources.with_layer("profile", profile_layer(profile)), profile=profile)
            except ConfigRefused as refused:
                raise self._refused(by, {}, refused.problems) from None
            new, old = layer.values, before.layers.get("file", Layer()).values
            differ = {key for key in {*new, *old} if new.get(key, _NONE)[0] != old.get(key, _NONE)[0]}
            made = before.layers.get("changes", Layer()).values
            sources = sources.with_layer("changes", Layer({key: made[key] for key in made if key not in differ}))
            keys = sorted(".".join(key) for key in differ)
            notes = [
                f"{key}: {sources.origin(key)} goes before the file"
                for key in keys
                if sources.layer_of(key) in ("environment", "flags")
            ]
            return self._apply(sources, by, {key: (self._value(key), _said(layer, key)) for key in keys}, notes)

    def bound(self, port: int) -> None:
        """Note the port that was bound, where it is not the one that was said: 0, or one that was taken."""
        with self._lock:
            if port != self._config.server.port:
                said = dict(self._sources.layers.get("flags", Layer()).values)
                said[("server", "port")] = (port, "next free port")
                self._sources = self._sources.with_layer("flags", Layer(said))
                self._config = self._sources.compose()

    async def follow(self, seconds: float = 2.0) -> None:
        """Reload the file whenever its content changes, until cancelled; what is refused is logged and audited.

        Args:
            seconds: How often to look where the file system tells of nothing.
        """
        from watchfiles import awatch

        file = self._sources.file
        if file is None:
            return
        seen: bytes | None = None  # it may have been edited since it was read: the first look reads it again
        folders = {file.absolute().parent, file.resolve().parent}
        async for _ in awatch(
            *folders,
            watch_filter=None,
            debounce=200,
            recursive=False,
            rust_timeout=max(int(seconds * 1000), 1),
            yield_on_timeout=True,
        ):
            now = await asyncio.to_thread(_content, file)
            if now is not None and now != seen:
                seen = now
                with contextlib.suppress(ConfigRefused, OSError):
                    await asyncio.to_thread(self.reload)

    def _apply(
        self, sources: Sources, by: str, asked: Mapping[str, tuple[Any, Any]], notes: Sequence[str] = ()
    ) -> Change:
        """Put a configuration in place, or say everything that speaks against it."""
        try:
            config = sources.compose()
        except ConfigRefused as refused:
            found = {problem.key: problem for problem in refused.problems}
            for key in asked:
                if not _is_live(key) and key in _KEYS and key not in found:
                    found[key] = _cannot(key, sources)
            raise self._refused(by, asked, list(found.values())) from None
        before, after = _flat(self._config), _flat(config)
        values = {
            key: (without_secrets(plain(before[key])), without_secrets(plain(after[key])))
            for key in after
            if before[key] != after[key]
        }
        stuck = [_cannot(key, sources) for key in values if not _is_live(key)]
        if stuck:
            raise self._refused(by, values, stuck)
        old = self._config
        self._config = config
        told: list[Callback] = []
        try:
            for pattern, callback in list(self._watchers):
                if any(fnmatchcase(key, pattern) for key in values):
                    told.append(callback)
                    callback(config)
        except Exception as error:
            self._config = old
            for callback in told:
                with contextlib.suppress(Exception):
                    callback(old)
            raise self._refused(by, values, [Problem(pattern, f"what depends on it failed: {error}")]) from error
        self._sources = sources
        change = Change(by, values, notes=tuple(notes))
        if values or notes:
            self._tell(change)
        return change

    def _refused(self, by: str, values: Mapping[str, tuple[Any, Any]], problems: Sequence[Problem]) -> ConfigRefused:
        self._tell(Change(by, values, tuple(problems)))
        return ConfigRefused(problems)

    def _tell(self, change: Change) -> None:
        log = get_logger("config")
        if change.accepted:
            log.info("configuration changed", **_row(change))
        else:
            log.warning("configuration change refused", **_row(change))
        if self.audit is not None:
            try:
                self.audit(change)
            except Exception:
                log.exception("the audit row of a change could not be written")

    def _value(self, key: str) -> Any:
        return without_secrets(plain(_flat(self._config).get(key)))


_NONE = (object(), "")
_KEYS = {entry.key: entry for entry in entries(ServerConfig(), Sources())}


def _single(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Take whole sections apart: ``{"limits": {"queue": 3}}`` is ``{"limits.queue": 3}``."""
    for key, value in values.items():
        if isinstance(value, Mapping) and "." not in key:
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _is_live(key: str) -> bool:
    return key in _KEYS and _KEYS[key].live


def _cannot(key: str, sources: Sources) -> Problem:
    source = sources.origin(key)
    why = f"this cannot change while the gateway runs: {_KEYS[key].why}; restart it to change it"
    return Problem(key, why, "" if source == "default" else source)


def _flat(config: ServerConfig) -> dict[str, Any]:
    return {key: getattr(getattr(config, section), name) for key in _KEYS for section, name in [key.split(".")]}


def _said(layer: Layer, key: str) -> Any:
    return without_secrets(plain(layer.values.get(path_of(key), (None, ""))[0]))


def _row(change: Change) -> dict[str, Any]:
    row = change.to_dict()
    return {name: row[name] for name in ("by", "values", "problems", "notes") if row[name]}


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None  # between two versions, some editors leave no file
