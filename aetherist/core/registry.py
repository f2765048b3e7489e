"""Names to components and to named port types; plugins through entry points, loaded on first use.

A distribution offers components through the entry-point group ``aetherist.components``. The entry point's name is the
family (or the first words) of the component names that its module registers: ``renderer = "acme.renderers"`` is
imported the first time a recipe says ``renderer.anything``. Named port types come through ``aetherist.types``.
"""

from __future__ import annotations

import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, packages_distributions, version
from typing import TYPE_CHECKING, TypeVar

from aetherist.core.errors import ComponentError, RegistryError, did_you_mean
from aetherist.core.ports import NamedPort

if TYPE_CHECKING:
    from aetherist.core.component import Component

COMPONENT_GROUP = "aetherist.components"
TYPE_GROUP = "aetherist.types"

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")
C = TypeVar("C", bound="type[Component]")


class Registry:
    """A set of named components and port types. The process has one; tests make their own.

    Args:
        component_plugins: Entry points that register components when loaded.
        type_plugins: Entry points that register named port types when loaded.
    """

    def __init__(self, component_plugins: Iterable[EntryPoint] = (), type_plugins: Iterable[EntryPoint] = ()) -> None:
        self._components: dict[str, type[Component]] = {}
        self._types: dict[str, NamedPort] = {}
        self._component_plugins = list(component_plugins)
        self._type_plugins = list(type_plugins)
        self._loaded: set[str] = set()
        self._loading = threading.RLock()
        self._conflicts: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        """What went wrong in each plugin that could not be loaded: its name and the traceback's text."""

    def component(self, name: str) -> Callable[[C], C]:
        """Register the decorated class under ``family.name``.

        Raises:
            ComponentError: If the declaration is at fault, or the name is taken.
        """

        def register(cls: C) -> C:
            self.add(name, cls)
            return cls

        return register

    def add(self, name: str, cls: type[Component]) -> None:
        """Register ``cls`` under ``name``; the same class twice is no fault.

        Raises:
            ComponentError: If the name is malformed or taken, or the class's declaration is at fault.
        """
        if not _NAME.fullmatch(name):
            raise ComponentError(
                f"'{name}' ({cls.__qualname__}) is no component name: write family.name in lower case, "
                "as in renderer.volume"
            )
        known = self._components.get(name)
        if known is not None and _identity(known) != _identity(cls):
            conflict = f"component '{name}' is registered twice: by {_origin(known)} and by {_origin(cls)}"
            self._conflicts[name] = conflict
            raise ComponentError(f"{conflict}; rename one of them")
        cls.declare(name)
        self._components[name] = cls

    def add_type(self, port: NamedPort) -> NamedPort:
        """Register a named port type, so that recipes can use it for graph inputs.

        Raises:
            ComponentError: If another type has the name.
        """
        known = self._types.setdefault(port.name, port)
        if known is not port and (known.shape, known.meaning) != (port.shape, port.meaning):
            raise ComponentError(f"port type '{port.name}' is registered twice, with different meanings or shapes")
        return port

    def get(self, name: str) -> type[Component]:
        """Return the component called ``name``, loading the plugins of its family if need be.

        Raises:
            RegistryError: If there is none, two packages claim it, or the plugin that has it is broken.
        """
        if name not in self._components or self._unloaded(name):
            self._load(self._component_plugins, lambda plugin: _offers(plugin.name, name))
        if name in self._conflicts:
            raise RegistryError(self._conflicts[name] + "; uninstall one of the packages")
        if name in self._components:
            return self._components[name]
        broken = [text for plugin, text in self.failures.items() if _offers(plugin.split(" ")[0], name)]
        error = RegistryError(f"no component is called '{name}'; {did_you_mean(name, self.names())}")
        if broken:
            error = RegistryError(f"component '{name}' belongs to a plugin that cannot be loaded")
            for text in broken:
                error.add_note(text)
        raise error

    def get_type(self, name: str) -> NamedPort:
        """Return the named port type, or raise :class:`RegistryError`."""
        if name not in self._types:
            self._load(self._type_plugins, lambda _: True)
        if name not in self._types:
            raise RegistryError(f"no port type is called '{name}'; {did_you_mean(name, self._types)}")
        return self._types[name]

    def names(self) -> list[str]:
        """Return every component name, having loaded every plugin (broken ones are in ``failures``)."""
        self._load(self._component_plugins, lambda _: True)
        return sorted(self._components)

    def components(self) -> list[type[Component]]:
        """Return every component that can be used, having loaded every plugin: no name of it is claimed twice."""
        return [self._components[name] for name in self.names() if name not in self._conflicts]

    def types(self) -> list[NamedPort]:
        """Return every named port type."""
        self._load(self._type_plugins, lambda _: True)
        return [self._types[name] for name in sorted(self._types)]

    def _unloaded(self, name: str) -> bool:
        return any(_offers(p.name, name) and _label(p) not in self._loaded for p in self._component_plugins)

    def _load(self, plugins: list[EntryPoint], wanted: Callable[[EntryPoint], bool]) -> None:
        with self._loading:
            for plugin in plugins:
                label = _label(plugin)
                if label in self._loaded or not wanted(plugin):
                    continue
                self._loaded.add(label)
                try:
                    plugin.load()
                except (Exception, SystemExit):
                    self.failures[label] = f"plugin {label} failed to load:\n{_traceback()}"


def _traceback() -> str:
    """Return the traceback of the error being handled, less the frames of the import system and of this file."""
    kind, error, _ = sys.exc_info()
    assert kind is not None
    assert error is not None
    if isinstance(error, ComponentError):  # says by itself whose declaration is at fault
        return f"{kind.__name__}: {error}"
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename and f.filename != __file__
    ]
    return "".join(
        [
            "Traceback (most recent call last):\n",
            *traceback.format_list(frames),
            *traceback.format_exception_only(kind, error),
        ]
    ).rstrip()


def default_registry() -> Registry:
    """Build the registry of everything installed."""
    return Registry(entry_points(group=COMPONENT_GROUP), entry_points(group=TYPE_GROUP))


def _label(plugin: EntryPoint) -> str:
    distribution = plugin.dist.name if plugin.dist else "unknown distribution"
    return f"{plugin.name} = {plugin.value} ({distribution})"


def _offers(plugin_name: str, component: str) -> bool:
    return component == plugin_name or component.startswith(plugin_name + ".")


def _identity(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _origin(cls: type) -> str:
    return f"{cls.__qualname__} of {distribution_of(cls)} ({cls.__module__})"


def distribution_of(cls: type) -> str:
    """Return the name and version of the installed distribution that a class comes from."""
    return _distribution(cls.__module__.partition(".")[0])


@cache
def _distribution(package: str) -> str:
    # What is installed for editing lists no files: there the distribution is the one of the package's own name.
    for name in packages_distributions().get(package, [package]):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return f"module {package}"
