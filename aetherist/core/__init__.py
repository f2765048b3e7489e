"""The framework: components, ports, recipes, graphs, plans and weights. It knows nothing of avatars."""

from aetherist.core.component import (
    Component,
    ComponentConfig,
    NameOrPath,
    Nested,
    PowerOfTwo,
    component,
    operation,
    port_type,
    registry,
)
from aetherist.core.errors import AetheristError, ComponentError, Diagnostic, InputError, RecipeError, WeightsError
from aetherist.core.ports import Meaning, NamedPort, PortType

__all__ = [
    "AetheristError",
    "Component",
    "ComponentConfig",
    "ComponentError",
    "Diagnostic",
    "InputError",
    "Meaning",
    "NameOrPath",
    "NamedPort",
    "Nested",
    "PortType",
    "PowerOfTwo",
    "RecipeError",
    "WeightsError",
    "component",
    "operation",
    "port_type",
    "registry",
]
