"""Logs by structlog, as JSON lines or for people; the messages of other packages come the same way."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

Format = Literal["auto", "json", "console"]

_SECRET_NAMES = re.compile(r"authorization|api[-_]?key$|password|secret|token|cookie|signature", re.IGNORECASE)
_SECRETS = (
    (re.compile(r"\bak_([A-Za-z0-9]+)_[A-Za-z0-9_-]{16,}"), r"ak_\1_***"),
    (re.compile(r"(?<=://)([^/@\s:]*):[^/\s]*@"), r"\1:***@"),
    (re.compile(r"([?&](?:signature|key|token|password)=)[^&\s\"]+"), r"\1***"),
)


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


class _Handler(logging.StreamHandler[TextIO]):
    """Writes what ``configure_logs`` asked for."""


def _handed_on(logger: Any, method: str, event: EventDict) -> Any:
    """Hand a message to the handlers: whole to ours, and as a text where the program has its own or none."""
    if any(isinstance(handler, _Handler) for handler in logging.getLogger().handlers):
        return structlog.stdlib.ProcessorFormatter.wrap_for_formatter(logger, method, event)
    text = str(event.pop("event"))
    kept = {"exc_info": event["exc_info"]} if "exc_info" in event else {}
    facts = {key: value for key, value in event.items() if key not in ("level", "logger", "timestamp", "exc_info")}
    return (without_secrets(None, "", {"text": text + "".join(f" {k}={v!r}" for k, v in facts.items())})["text"],), kept


_OWN: list[Processor] = [structlog.stdlib.filter_by_level, *_SHARED, _handed_on]
"""What a message of ours goes through; the program's own settings of structlog are left alone."""


def configure_logs(format: Format = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Write the messages of this process to ``stream``, by default the standard error.

    Messages carry what is bound with ``bound`` in their context: ``request_id``, ``job_id``, ``key_id``. Keys and
    passwords that are met on the way are left out. May be called again.

    Args:
        format: ``json`` writes one object a line, ``console`` for people, ``auto`` for people on a terminal.
        level: The least level that is written: ``debug``, ``info``, ``warning``, ``error``.
        stream: Where to.
    """
    stream = sys.stderr if stream is None else stream
    colours = stream.isatty()
    as_json = format == "json" or (format == "auto" and not colours)
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _uncoloured]
    if as_json:
        # Values of local variables stay out: they hold keys and people's pictures.
        traceback = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        last += [traceback, without_secrets, structlog.processors.JSONRenderer(default=str)]
    else:
        last += [
            without_secrets,
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback),
        ]
    handler = _Handler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=last))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    set_level(level)


def set_level(level: str) -> None:
    """Change the least level that is written; other packages speak from ``warning`` on, and less only in ``debug``."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger("aetherist").setLevel(number)
    logging.getLogger().setLevel(max(number, logging.WARNING) if number > logging.DEBUG else logging.INFO)


def get_logger(name: str = "aetherist") -> Any:
    """Return a structlog logger: ``log.info("job done", job_id=...)``; names begin with ``aetherist``."""
    inside = name == "aetherist" or name.startswith("aetherist.")
    logger = logging.getLogger(name if inside else f"aetherist.{name}")
    return structlog.wrap_logger(logger, processors=_OWN, wrapper_class=structlog.stdlib.BoundLogger)


@contextlib.contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Bind values to every message of this context (task or thread): ``request_id``, ``job_id``, ``key_id``."""
    with bound_contextvars(**values):
        yield


def without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Leave keys, passwords and signatures out of a message."""
    return {
        key: "***" if _SECRET_NAMES.search(key) and isinstance(value, str) else _clean(value)
        for key, value in event.items()
    }


def _uncoloured(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Leave out the second copy of a message that uvicorn makes for terminals."""
    event.pop("color_message", None)
    return event


def _clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        for pattern, instead in _SECRETS:
            value = pattern.sub(instead, value)
        return value
    if depth > 8:
        return value
    if isinstance(value, dict):
        return {key: _clean(one, depth + 1) for key, one in value.items()}
    return [_clean(one, depth + 1) for one in value] if isinstance(value, list | tuple) else value
