"""The parts of a recipe: each component's class and validated config, not yet built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs
from pydantic import ValidationError

from aetherist.base.document import Path as Place
from aetherist.base.document import dotted
from aetherist.core.component import Component, ComponentConfig
from aetherist.core.dims import Shape, Symbol
from aetherist.core.errors import Diagnostic, RegistryError, did_you_mean
from aetherist.core.ports import Port, PortType
from aetherist.core.recipe import Recipe
from aetherist.core.registry import Registry

Ports = dict[str, tuple[PortType, Shape]]


@attrs.frozen(eq=False)
class Part:
    """A component of a recipe: its name there, its class, and its config."""

    name: str
    cls: type[Component]
    config: ComponentConfig
    _ports: dict[str, tuple[Ports, Ports]] = attrs.field(factory=dict, init=False, repr=False)

    def constant(self, name: str) -> int | None:
        """Return the size that a name in a shape stands for, if it is a field or property of the config."""
        value = getattr(self.config, name, None) if not name.startswith("_") else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def ports(self, operation: str) -> tuple[Ports, Ports]:
        """Return an operation's inputs and outputs with the config's sizes put in, each beside its declared shape."""
        if operation not in self._ports:
            signature = self.cls.signatures[operation]
            self._ports[operation] = self._sized_ports(signature.inputs), self._sized_ports(signature.outputs)
        return self._ports[operation]

    def _sized_ports(self, ports: Mapping[str, Port]) -> Ports:
        return {
            name: (port.type.map_shapes(self.sized), (port.type.item or port.type).shape)
            for name, port in ports.items()
        }

    def sized(self, shape: Shape) -> Shape:
        """Return a shape with the config's sizes put in."""
        return shape.rename(self._size)

    def _size(self, symbol: Symbol) -> Symbol | int:
        value = self.constant(symbol.name)
        return symbol if value is None else value

    def build(self) -> Component:
        """Construct the module."""
        return self.cls(self.config)


def resolve_parts(recipe: Recipe, registry: Registry) -> tuple[dict[str, Part], list[Diagnostic]]:
    """Find each component's class and validate its config; what fails becomes diagnostics."""
    parts: dict[str, Part] = {}
    faults: list[Diagnostic] = []
    for name, spec in recipe.spec.components.items():
        place = ("components", name)
        try:
            cls = registry.get(spec.type)
            config = cls.Config.model_validate(spec.fields, context={"registry": registry, "trusted": recipe.trusted})
        except RegistryError as error:
            faults.append(_unknown(recipe, error, (*place, "type")))
        except ValidationError as error:
            for item in error.errors():
                faults += _config_faults(recipe, cls.Config, place, item)
        else:
            part = Part(name, cls, config)
            try:
                for operation in cls.signatures:
                    part.ports(operation)
            except Exception as error:  # a property of the config, which is anybody's code
                reason = f"{type(error).__name__}: {error}"
                message = f"the sizes of {cls.component_name} cannot be worked out from these settings: {reason}"
                faults.append(recipe.fault("AE202", message, *place, of_key=True))
            else:
                parts[name] = part
    return parts, faults


def _unknown(recipe: Recipe, error: RegistryError, place: Place) -> Diagnostic:
    notes = tuple(getattr(error, "__notes__", ()))
    code = "AE216" if notes or "twice" in str(error) else "AE201"
    return recipe.fault(code, str(error), *place, notes=notes)


def _config_faults(recipe: Recipe, config: type[ComponentConfig], place: Place, item: Any) -> list[Diagnostic]:
    path = (*place, *item["loc"])
    context = item.get("ctx") or {}
    nested, unknown = context.get("nested"), context.get("unknown")
    if unknown is not None:
        return [_unknown(recipe, unknown, (*path, "type"))]
    if nested is not None:
        return [d for inner in nested["errors"] for d in _config_faults(recipe, nested["config"], path, inner)]
    if item["type"] == "extra_forbidden":
        notes = (did_you_mean(str(path[-1]), config.model_fields if len(item["loc"]) == 1 else ()),)
        message = f"'{path[-1]}' is no setting of this component"
        return [recipe.fault("AE202", message, *path, of_key=True, notes=notes)]
    if item["type"] == "missing":
        message = f"the setting '{path[-1]}' is missing"
        return [recipe.fault("AE202", message, *path[:-1], of_key=True, fix=f"add {path[-1]}: ...")]
    reason = re.sub(r"^(Value error|Assertion failed), ", "", item["msg"])
    return [recipe.fault("AE202", f"{dotted(path[2:]) or place[-1]}: {reason}", *path)]
