"""Settings from the environment: ``AETHERIST_LIMITS__QUEUE=32``, read by pydantic-settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.sources.utils import parse_env_vars

from aetherist.base.errors import did_you_mean
from aetherist.serve.config.fields import plain_value
from aetherist.serve.config.model import ServerConfig
from aetherist.serve.config.problems import ConfigRefused, Problem

PREFIX = "AETHERIST_"
DELIMITER = "__"


class _Settings(ServerConfig, BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, env_parse_none_str="null")


class _Source(EnvSettingsSource):
    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_Settings)
        self.env_vars = parse_env_vars(environ, False, False, "null")

    def decode_complex_value(self, _name: str, _field: FieldInfo, value: Any) -> Any:
        """Read lists and maps as YAML does; what is neither is left to the setting's type."""
        return plain_value(value) if isinstance(value, str) else value


def read(environ: Mapping[str, str]) -> tuple[dict[str, Any], Callable[[tuple[str, ...]], str]]:
    """Return the settings that the environment gives, and what names the variable of each.

    Raises:
        ConfigRefused: For a variable that looks like a setting and is none.
    """
    names = {name.upper(): name for name in environ if name.upper().startswith(PREFIX)}
    problems = [problem for name in names.values() if (problem := _problem(name)) is not None]
    if problems:
        raise ConfigRefused(problems)

    def variable(path: tuple[str, ...]) -> str:
        for length in range(len(path), 0, -1):
            name = names.get(variable_of(path[:length]))
            if name is not None:
                return f"environment {name}"
        return "environment"

    return _Source(environ)(), variable


def variable_of(path: tuple[str, ...]) -> str:
    """Return the variable of a setting: ``AETHERIST_SERVER__PORT``."""
    return PREFIX + DELIMITER.join(path).upper()


def _problem(name: str) -> Problem | None:
    """Say what is wrong with a variable of our prefix; what is below a section is validated with everything else."""
    rest = name[len(PREFIX) :].lower()
    sections = ServerConfig.model_fields
    if DELIMITER in rest:
        section = rest.partition(DELIMITER)[0]
        if section in sections:
            return None
        return Problem(section, f"there is no such section; {did_you_mean(section, sections)}", f"environment {name}")
    for section, field in sections.items():
        for setting in getattr(field.annotation, "model_fields", ()):
            if rest == f"{section}_{setting}":
                meant = variable_of((section, setting))
                return Problem(f"{section}.{setting}", f"two underscores divide: {meant}", f"environment {name}")
    return None
