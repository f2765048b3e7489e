"""What pydantic finds wrong, in the words of somebody who wrote a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from aetherist.base.errors import did_you_mean
from aetherist.serve.config.fields import without_secrets
from aetherist.serve.config.model import ServerConfig
from aetherist.serve.config.problems import Problem

_NAMED = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): (.*)", re.DOTALL)


def explained(error: ValidationError, origin: Callable[[str], str]) -> list[Problem]:
    """Return a problem for each setting at fault, with where its value comes from."""
    found: dict[str, Problem] = {}
    for fault in error.errors():
        key, message = _said(fault)
        source = origin(key)
        found.setdefault(key, Problem(key, message, "" if source == "default" else source))
    return list(found.values())


def _said(fault: Any) -> tuple[str, str]:
    path = _path(fault["loc"])
    if fault["type"] == "extra_forbidden":
        kind = "section" if len(path) == 1 else "setting"
        return ".".join(path), f"there is no such {kind}; {did_you_mean(path[-1], _known(path[:-1]))}"
    if fault["type"] in ("model_type", "model_attributes_type"):
        return ".".join(path), f"this is a section; its settings are {', '.join(_known(path))}"
    message = fault["msg"].removeprefix("Value error, ")
    named = _NAMED.fullmatch(message) if fault["type"] == "value_error" else None
    if named is not None and len(path) < 2:
        return ".".join((*path, named[1])), named[2]
    if fault["type"] != "value_error":
        message = f"{_shown(fault['input'])}: {message[:1].lower()}{message[1:]}"
    return ".".join(path), message


def _path(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the part of pydantic's place that is in the file: below a setting only the name in a map."""
    if len(loc) < 3:
        return tuple(map(str, loc))
    model = ServerConfig.model_fields[str(loc[0])].annotation
    field = model.model_fields.get(str(loc[1])) if isinstance(model, type) and issubclass(model, BaseModel) else None
    deep = field is not None and getattr(field.annotation, "__origin__", None) is dict
    return tuple(map(str, loc[: 3 if deep else 2]))


def _known(path: tuple[str, ...]) -> list[str]:
    model: Any = ServerConfig
    for part in path:
        model = model.model_fields[part].annotation
    return list(model.model_fields)


def _shown(value: Any) -> str:
    text = repr(without_secrets(value))
    return text if len(text) < 80 else f"{text[:76]}..."
