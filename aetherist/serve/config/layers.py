"""The layers that a configuration is made of, in order: defaults, profile, file, environment, flags, live changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from pydantic import ValidationError

from aetherist.base.document import Node, parse
from aetherist.base.errors import RecipeError, did_you_mean
from aetherist.serve.config import environment
from aetherist.serve.config.explain import explained
from aetherist.serve.config.fields import plain_value
from aetherist.serve.config.model import ServerConfig
from aetherist.serve.config.problems import ConfigRefused, Problem
from aetherist.serve.config.profiles import PROFILES

KeyPath = tuple[str, ...]
ORDER = ("home", "profile", "file", "environment", "flags", "changes")
DEPTH = 3
"""A value stands at most so deep: section, setting, and the name in a map."""


@attrs.frozen
class Layer:
    """Values by their path, each with where it was said."""

    values: Mapping[KeyPath, tuple[Any, str]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, tree: Mapping[str, Any], where: Callable[[KeyPath], str]) -> Layer:
        """Return nested data as a layer; ``where`` names the origin of a path."""
        return cls({path: (value, where(path)) for path, value in _leaves(tree)})

    def tree(self) -> dict[str, Any]:
        """Return the values as nested data."""
        return _tree({path: value for path, (value, _) in self.values.items()})


@attrs.frozen
class Sources:
    """Every layer of a configuration, by name."""

    layers: Mapping[str, Layer] = attrs.field(factory=dict)
    file: Path | None = None
    profile: str | None = None
    profile_in_file: bool = False
    """Whether the file may choose the profile: nothing that goes before it does."""

    def values(self) -> dict[KeyPath, tuple[Any, str]]:
        """Return what the layers say together: later ones go before earlier ones."""
        found: dict[KeyPath, tuple[Any, str]] = {}
        for name in ORDER:
            for path, given in self.layers.get(name, Layer()).values.items():
                for other in [other for other in found if _covers(path, other) or _covers(other, path)]:
                    del found[other]
                found[path] = given
        return found

    def origin(self, key: str) -> str:
        """Return where the value of a setting comes from: ``default``, ``gateway.yaml:4``, ``flag --port``."""
        path = path_of(key)
        values = self.values()
        own = [source for other, (_, source) in values.items() if _covers(other, path)]
        return (
            ", ".join(dict.fromkeys(own or [s for other, (_, s) in values.items() if _covers(path, other)]))
            or "default"
        )

    def given(self, key: str) -> bool:
        """Whether anything says the value of a setting."""
        return self.origin(key) != "default"

    def layer_of(self, key: str) -> str | None:
        """Return the name of the layer that a setting's value comes from."""
        path = path_of(key)
        for name in reversed(ORDER):
            if any(_covers(other, path) for other in self.layers.get(name, Layer()).values):
                return name
        return None

    def with_layer(self, name: str, layer: Layer) -> Sources:
        """Return the same with another layer of that name."""
        return attrs.evolve(self, layers={**self.layers, name: layer})

    def compose(self) -> ServerConfig:
        """Validate what the layers say together.

        Raises:
            ConfigRefused: With everything that is wrong.
        """
        values = self.values()
        try:
            return ServerConfig.model_validate(_tree({path: value for path, (value, _) in values.items()}))
        except ValidationError as error:
            raise ConfigRefused(explained(error, self.origin)) from None


def load(
    file: str | Path | None = None,
    profile: str | None = None,
    flags: Mapping[str, tuple[Any, str]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[ServerConfig, Sources]:
    """Read a gateway's configuration.

    Args:
        file: A YAML file; else ``AETHERIST_CONFIG`` names one, or there is none.
        profile: ``development`` or ``production``; else ``AETHERIST_PROFILE``, or ``profile`` of the file.
        flags: By dotted key, the value of a flag and the flag's name.
        environ: The environment; by default that of the process.

    Raises:
        ConfigRefused: With everything that is wrong.
        OSError: If the file cannot be read.
    """
    environ = os.environ if environ is None else environ
    file = file or environ.get("AETHERIST_CONFIG") or None
    path = None if file is None else Path(file)
    in_file, named = (Layer(), None) if path is None else read_file(path)
    asked = profile or environ.get("AETHERIST_PROFILE") or None
    profile = asked or named
    home = environ.get("AETHERIST_HOME")
    layers = {
        "home": Layer({("server", "data_folder"): (home, "environment AETHERIST_HOME")} if home else {}),
        "profile": profile_layer(profile),
        "file": in_file,
        "environment": Layer.of(*environment.read(environ)),
        "flags": Layer({path_of(key): (value, f"flag {name}") for key, (value, name) in (flags or {}).items()}),
    }
    sources = Sources(layers, path, profile, profile_in_file=asked is None)
    return sources.compose(), sources


def overrides(written: list[str]) -> dict[str, tuple[Any, str]]:
    """Read ``limits.queue=32`` as flags.

    Raises:
        ConfigRefused: For one that does not read so.
    """
    found: dict[str, tuple[Any, str]] = {}
    for text in written:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigRefused([Problem(text, "write a setting and its value: -o limits.queue=32", "flag -o")])
        found[key.strip()] = (plain_value(value), f"-o {key.strip()}")
    return found


def profile_layer(name: str | None) -> Layer:
    """Return the values of a profile."""
    if name is None:
        return Layer()
    if name not in PROFILES:
        raise ConfigRefused([Problem("profile", f"there is no profile '{name}'; {did_you_mean(name, PROFILES)}")])
    return Layer.of(PROFILES[name], lambda _: f"profile {name}")


def read_file(path: Path) -> tuple[Layer, str | None]:
    """Read a configuration file; return its values and the profile it names.

    Raises:
        ConfigRefused: For what is no map of settings in YAML.
    """
    try:
        root = parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise ConfigRefused([Problem("", "this is no text in UTF-8", str(path))]) from None
    except RecipeError as error:
        raise ConfigRefused(
            [Problem("", found.message, str(found.where or path)) for found in error.diagnostics]
        ) from None
    tree = {} if root.value is None else root.plain()
    if not isinstance(tree, dict):
        raise ConfigRefused([Problem("", "settings are written as sections: 'server: {port: 8000}'", str(path))])
    profile = tree.pop("profile", None)
    if profile is not None and not isinstance(profile, str):
        raise ConfigRefused([Problem("profile", "name one profile", _line(root, ("profile",)))])
    return Layer.of(tree, lambda path: _line(root, path)), profile


def _line(root: Node, path: KeyPath) -> str:
    where = root.position(path, of_key=True)
    return f"{where.file}:{where.line}"


def _leaves(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for name, value in tree.items():
        here = (*path, str(name))
        known = here[0] in ServerConfig.model_fields
        if isinstance(value, Mapping) and value and len(here) < DEPTH and known:
            yield from _leaves(value, here)
        elif value is not None or len(here) != 1:  # `limits:` with nothing below it says nothing
            yield here, value


def _tree(values: Mapping[KeyPath, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in values.items():
        if len(path) == DEPTH and value is None:
            continue  # `null` takes a name out of a map
        inner = tree
        for part in path[:-1]:
            below = inner.setdefault(part, {})
            if not isinstance(below, dict):
                below = inner[part] = {}
            inner = below
        inner[path[-1]] = value
    return tree


def _covers(path: KeyPath, other: KeyPath) -> bool:
    return other[: len(path)] == path


def path_of(key: str) -> KeyPath:
    """Return the parts of a dotted key; the name in a map, the third, may hold dots itself."""
    return tuple(key.split(".", DEPTH - 1))
