"""Where what is deployed stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


def filled(data: Any, given: dict[str, str]) -> Any:
    """Return what a compose file holds with its variables as Compose puts them in: into texts, after YAML is read.

    Raises:
        KeyError: For one that must be given and is not.
    """

    def value(match: re.Match[str]) -> str:
        name, how, other = match.groups()
        if given.get(name):
            return given[name]
        if how == ":-":
            return other or ""
        raise KeyError(name)

    if isinstance(data, dict):
        return {key: filled(part, given) for key, part in data.items()}
    if isinstance(data, list):
        return [filled(part, given) for part in data]
    return _VARIABLE.sub(value, data) if isinstance(data, str) else data


def variables(text: str) -> dict[str, bool]:
    """Return the variables of a compose file, and whether each must be given."""
    return {name: how == ":?" for name, how, _ in _VARIABLE.findall(text)}
