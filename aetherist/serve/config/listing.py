"""A configuration as it is shown: every value, where it comes from, and whether it can change; no secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import yaml

from aetherist.serve.config.fields import without_secrets
from aetherist.serve.config.layers import Sources
from aetherist.serve.config.model import ServerConfig


@attrs.frozen
class Entry:
    """One setting: its key, its value without secrets, where that comes from, and whether it can change live."""

    key: str
    value: Any
    source: str
    live: bool
    why: str
    description: str

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-ready data."""
        return attrs.asdict(self)


def entries(config: ServerConfig, sources: Sources) -> Iterator[Entry]:
    """Return every setting of a configuration, in the order of the sections."""
    for section in ServerConfig.model_fields:
        settings = getattr(config, section)
        for name, field in type(settings).model_fields.items():
            extra = field.json_schema_extra
            marks: dict[str, Any] = extra if isinstance(extra, dict) else {}
            key = f"{section}.{name}"
            yield Entry(
                key=key,
                value=without_secrets(plain(getattr(settings, name))),
                source=sources.origin(key),
                live=bool(marks.get("live")),
                why=str(marks.get("why", "")),
                description=field.description or "",
            )


def printed(config: ServerConfig, sources: Sources) -> str:
    """Return a configuration as a YAML file that a gateway takes, with a comment after each value: where it comes from.

    Passwords are left out of it.
    """
    lines: list[tuple[str, str]] = []
    section = ""
    for entry in entries(config, sources):
        group, _, name = entry.key.partition(".")
        if group != section:
            section = group
            lines.append((f"{group}:", ""))
        lines.append((f"  {name}: {_flow(entry.value)}", entry.source))
    width = min(max(len(text) for text, source in lines if source), 64)
    return "".join(f"{text:<{width}}  # {source}\n" if source else f"{text}\n" for text, source in lines)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=100_000).strip().removesuffix("...").strip()


def plain(value: Any) -> Any:
    """Return a value of a setting as JSON-ready data."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
