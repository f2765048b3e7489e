"""Registries: names to components, plugins on first use, and who is to blame when two claim one name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest
from jaxtyping import Float

import aetherist.core as core
from aetherist.core import Component, ComponentError, NamedPort
from aetherist.core.check import check
from aetherist.core.errors import RegistryError
from aetherist.core.registry import Registry, default_registry


def part(name: str = "Part", module: str = __name__) -> type[Component]:
    """Make a component class."""

    def forward(self: Any, x: int) -> int:
        return x

    return type(name, (Component,), {"forward": forward, "__module__": module, "__doc__": f"A {name}."})


class Plugin:
    """An entry point that runs a function when it is loaded."""

    def __init__(self, name: str, load: Callable[[], Any], distribution: str = "acme") -> None:
        self.name = name
        self.value = f"{distribution}.{name}"
        self.dist = SimpleNamespace(name=distribution)
        self.loaded = 0
        self._load = load

    def load(self) -> None:
        self.loaded += 1
        self._load()


def registry_with(*plugins: Plugin) -> Registry:
    return Registry(plugins)  # type: ignore[arg-type]


# Names ----------------------------------------------------------------------------------------------------------------


def test_registries_are_independent_of_each_other_and_of_the_process() -> None:
    one, other = Registry(), Registry()
    one.add("test.part", part())
    assert one.names() == ["test.part"]
    assert other.names() == []
    assert "test.part" not in core.registry.names()


def test_the_decorator_returns_the_class_and_tells_it_its_name() -> None:
    cls = part()
    assert Registry().component("test.part")(cls) is cls
    assert cls.component_name == "test.part"


@pytest.mark.parametrize("name", ["part", "Test.part", "test.", ".part", "test part", "test.Part", "test-x.part", ""])
def test_a_name_is_family_dot_name_in_lower_case(name: str) -> None:
    with pytest.raises(ComponentError, match=r"write family.name in lower case"):
        Registry().add(name, part())


def test_the_same_class_twice_is_no_fault() -> None:
    registry, cls = Registry(), part()
    registry.add("test.part", cls)
    registry.add("test.part", cls)
    assert registry.get("test.part") is cls


def test_a_name_taken_twice_is_an_error_that_names_both_distributions() -> None:
    registry = Registry()
    registry.add("test.part", part("First", "attrs.first"))
    with pytest.raises(ComponentError) as caught:
        registry.add("test.part", part("Second", "pydantic.second"))
    message = str(caught.value)
    assert "'test.part' is registered twice" in message
    assert "First of attrs" in message
    assert "Second of pydantic" in message
    with pytest.raises(RegistryError, match=r"registered twice.*uninstall one"):
        registry.get("test.part")


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    registry = Registry()
    registry.add("renderer.volume", part())
    with pytest.raises(RegistryError, match=r"did you mean renderer.volume"):
        registry.get("renderer.volumes")
    with pytest.raises(RegistryError, match=r"known: renderer.volume"):
        registry.get("x.y")


def test_a_faulty_declaration_leaves_the_name_free() -> None:
    class Broken(Component):
        def forward(self, x) -> int:
            return x

    registry = Registry()
    with pytest.raises(ComponentError):
        registry.add("test.part", Broken)
    registry.add("test.part", part())
    assert registry.names() == ["test.part"]


# Types ----------------------------------------------------------------------------------------------------------------


def test_named_port_types_are_registered_by_their_own_name() -> None:
    registry = Registry()
    port = registry.add_type(NamedPort("Code", Float, "B D", meaning="code"))
    assert registry.get_type("Code") is port
    assert registry.types() == [port]
    assert registry.add_type(NamedPort("Code", Float, "B D", meaning="code")) is not None


def test_one_type_name_with_two_meanings_is_an_error() -> None:
    registry = Registry()
    registry.add_type(NamedPort("Code", Float, "B D", meaning="code"))
    with pytest.raises(ComponentError, match=r"'Code' is registered twice"):
        registry.add_type(NamedPort("Code", Float, "B D", meaning="other"))


def test_an_unknown_type_is_answered_with_near_ones() -> None:
    registry = Registry()
    registry.add_type(NamedPort("Camera", Float, "B 25"))
    with pytest.raises(RegistryError, match=r"did you mean Camera"):
        registry.get_type("Camra")


def test_types_come_from_plugins_too() -> None:
    registry = Registry(
        (),
        [Plugin("acme", lambda: registry.add_type(NamedPort("Code", Float, "B D")))],  # type: ignore[list-item]
    )
    assert registry.get_type("Code").shape == "B D"


# Plugins --------------------------------------------------------------------------------------------------------------


def test_a_plugin_is_loaded_on_first_use_of_its_family_and_once() -> None:
    used = Plugin("acme", lambda: registry.add("acme.part", part()))
    unused = Plugin("other", lambda: pytest.fail("nobody asked for it"))
    registry = registry_with(used, unused)
    assert used.loaded == 0
    for _ in range(3):
        assert registry.get("acme.part").purpose() == "A Part."
    assert (used.loaded, unused.loaded) == (1, 0)


def test_a_plugin_may_offer_a_single_name_of_a_family() -> None:
    plugin = Plugin("renderer.acme", lambda: registry.add("renderer.acme", part()))
    registry = registry_with(plugin)
    registry.add("renderer.volume", part("Ours"))
    registry.get("renderer.volume")
    assert plugin.loaded == 0
    assert registry.get("renderer.acme") is not None


def test_listing_the_names_loads_every_plugin() -> None:
    registry = registry_with(
        Plugin("a", lambda: registry.add("a.part", part("A"))), Plugin("b", lambda: registry.add("b.part", part("B")))
    )
    assert registry.names() == ["a.part", "b.part"]


@pytest.mark.parametrize("error", [ImportError("no module named numpy2"), SystemExit(3)])
def test_a_broken_plugin_fails_only_what_uses_it_and_says_why(error: BaseException) -> None:
    def fail() -> None:
        raise error

    registry = registry_with(Plugin("broken", fail), Plugin("acme", lambda: registry.add("acme.part", part())))
    assert registry.names() == ["acme.part"]
    assert registry.get("acme.part") is not None
    with pytest.raises(RegistryError, match=r"belongs to a plugin that cannot be loaded") as caught:
        registry.get("broken.part")
    [note] = caught.value.__notes__
    assert "Traceback" in note
    assert type(error).__name__ in note
    assert "broken = acme.broken (acme)" in note


def test_two_plugins_that_claim_one_name_are_both_named_and_harm_nothing_else() -> None:
    registry = registry_with(
        Plugin("acme", lambda: registry.add("acme.part", part("Ours", "attrs.ours")), "first"),
        Plugin("acme", lambda: registry.add("acme.part", part("Theirs", "pydantic.theirs")), "second"),
        Plugin("fine", lambda: registry.add("fine.part", part("Fine"))),
    )
    with pytest.raises(RegistryError, match=r"Ours of attrs.*Theirs of pydantic.*uninstall one"):
        registry.get("acme.part")
    assert registry.get("fine.part") is not None
    assert registry.names() == ["acme.part", "fine.part"]


def test_threads_that_ask_at_once_wait_for_the_plugin() -> None:
    def slow() -> None:
        time.sleep(0.05)
        registry.add("acme.part", part())

    plugin = Plugin("acme", slow)
    registry = registry_with(plugin)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(registry.get("acme.part"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert plugin.loaded == 1


def test_the_registry_of_the_process_reads_what_is_installed() -> None:
    registry = default_registry()
    assert all(isinstance(plugin, EntryPoint) for plugin in registry._component_plugins)
    assert {"mapping", "renderer"} <= {plugin.name for plugin in registry._component_plugins}


# Recipes that meet plugins --------------------------------------------------------------------------------------------


def recipe(type_: str) -> dict[str, Any]:
    return {
        "components": {"part": {"type": type_}},
        "graphs": {
            "run": {
                "inputs": {"x": "int"},
                "steps": {"y": {"call": "part", "with": {"x": "x"}}},
                "outputs": {"y": "y"},
            }
        },
    }


def test_a_recipe_that_uses_a_broken_plugin_gets_its_traceback_as_a_note() -> None:
    registry = registry_with(Plugin("broken", lambda: 1 / 0))
    registry.add("fine.part", part())
    assert check(recipe("fine.part"), registry=registry).ok
    [fault] = check(recipe("broken.part"), registry=registry).diagnostics
    assert (fault.code, fault.path) == ("AE216", "components.part.type")
    assert "ZeroDivisionError" in fault.notes[0]


def test_a_recipe_that_uses_a_name_claimed_twice_is_told_by_whom() -> None:
    registry = registry_with(
        Plugin("acme", lambda: registry.add("acme.part", part("Ours", "attrs.ours")), "first"),
        Plugin("acme", lambda: registry.add("acme.part", part("Theirs", "pydantic.theirs")), "second"),
    )
    [fault] = check(recipe("acme.part"), registry=registry).diagnostics
    assert fault.code == "AE216"
    assert "attrs" in fault.message
    assert "pydantic" in fault.message
