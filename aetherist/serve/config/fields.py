"""Fields of the configuration: those that can change while the gateway runs, those that cannot and why, and secrets."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from aetherist.base.document import parse
from aetherist.base.errors import RecipeError

_POWERS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)")
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/\s]*@")
_PARAMETER = re.compile(r"((?:^|[?&])[^=&?]*(?:password|secret|token|key|signature)[^=&]*=)[^&\s]*", re.IGNORECASE)


def live(default: Any, description: str, **more: Any) -> Any:
    """Return a field that can change while the gateway runs."""
    return _field(default, description, {"live": True}, more)


def fixed(default: Any, why: str, description: str, **more: Any) -> Any:
    """Return a field that stays as it was at the start; ``why`` completes "it cannot change while running: "."""
    return _field(default, description, {"live": False, "why": why}, more)


def _field(default: Any, description: str, extra: dict[str, Any], more: dict[str, Any]) -> Any:
    given = {"default_factory": default} if callable(default) else {"default": default}
    return Field(**given, description=description, json_schema_extra=extra, **more)


def without_secrets(value: Any) -> Any:
    """Return a value as it may be shown: a URL without its password, and without parameters that hold a secret."""
    if isinstance(value, str):
        return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", value))
    if isinstance(value, dict):
        return {key: without_secrets(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(one) for one in value]
    return value


def _counted(value: Any) -> Any:
    """Read ``200M`` as two hundred million; anything else is left to the validation that follows."""
    if isinstance(value, bool):
        raise ValueError("this is a number, and true or false is none")
    match = _COUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not match[2]:
        return value
    return int(float(match[1]) * _POWERS[match[2]])


def _listed(value: Any) -> Any:
    """Read ``a, b`` as a list of two."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _several(value: Any) -> Any:
    """Read ``a, b`` as a list of two, and ``a`` as itself."""
    return _listed(value) if isinstance(value, str) and "," in value else value


Count = Annotated[int, BeforeValidator(_counted), Field(gt=0)]
"""How many: ``200_000_000``, or ``200M``."""

Words = Annotated[list[str], BeforeValidator(_listed)]
"""A list of text, or one text with commas."""

WordOrWords = Annotated[str | list[str], BeforeValidator(_several)]
"""One text, or several."""


def plain_value(text: str) -> Any:
    """Return what a text of the environment or the command line stands for.

    Lists, maps and ``null`` are read as YAML; anything else stays text, which the setting's type then reads.
    """
    if text.strip() in ("null", "~"):
        return None
    if text.strip()[:1] not in ("[", "{"):
        return text
    try:
        return parse(text, "").plain()
    except RecipeError:
        return text
