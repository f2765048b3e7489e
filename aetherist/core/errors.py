"""The few exceptions of the core that users see, with the diagnostics that they carry."""

from __future__ import annotations

from collections.abc import Iterable

from aetherist.base.errors import AetheristError, Diagnostic, Position, RecipeError, Severity, Side, did_you_mean

__all__ = [
    "AetheristError",
    "ComponentError",
    "Diagnostic",
    "InputError",
    "Position",
    "RecipeError",
    "RegistryError",
    "Severity",
    "Side",
    "WeightsError",
    "did_you_mean",
]


class ComponentError(AetheristError, TypeError):
    """A component's own declaration is at fault; raised where it is registered."""


class RegistryError(AetheristError, LookupError):
    """A component or type name that cannot be resolved, or that two packages claim."""


class InputError(AetheristError, ValueError):
    """Graph inputs that do not fit the graph they were given to."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))


class WeightsError(AetheristError, ValueError):
    """A model folder, or tensors, that do not fit the components they are for."""
