"""Component: an ``nn.Module`` whose signature is its contract, and the decorators that register it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError
from torch import nn

from aetherist.core.errors import ComponentError, RegistryError, did_you_mean
from aetherist.core.ports import NamedPort, Signature, read_signature
from aetherist.core.registry import Registry, default_registry

F = TypeVar("F", bound=Callable[..., Any])

registry: Registry = default_registry()
"""The registry of the process; :func:`component` registers here."""

component = registry.component
"""Register a component class: ``@component("family.name")``."""


def _power_of_two(value: int) -> int:
    if value < 1 or value & (value - 1):
        raise ValueError(f"{value} is not a power of two")
    return value


PowerOfTwo = Annotated[int, AfterValidator(_power_of_two), Field(json_schema_extra={"powerOfTwo": True})]
"""A config field that must be 1, 2, 4, 8, ..."""


def _named_from_inside(value: str, info: ValidationInfo) -> str:
    if (info.context or {}).get("trusted", True) or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", value):
        return value
    raise ValueError("a recipe from outside cannot name files")


NameOrPath = Annotated[str, AfterValidator(_named_from_inside)]
"""A config field that names something known, or the path of a file; recipes from outside may only name."""


class ComponentConfig(BaseModel):
    """Base of every component's ``Config``: immutable, and unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, protected_namespaces=())


class Nested(BaseModel):
    """A config field that holds another component: ``decoder: {type: decoder.softplus, hidden: 64}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    config: ComponentConfig = Field(default_factory=ComponentConfig)
    _cls: Any = PrivateAttr()

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, data: Any, validate: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping) or not isinstance(data.get("type"), str):
            raise ValueError("a nested component is a mapping with a type: {type: family.name, ...}")
        known: Registry = (info.context or {}).get("registry") or registry
        try:
            target = known.get(data["type"])
        except RegistryError as error:
            raise PydanticCustomError("unknown", "{reason}", {"reason": str(error), "unknown": error}) from None
        fields = {key: value for key, value in data.items() if key != "type"}
        try:
            config = target.Config.model_validate(fields, context=info.context)
        except ValidationError as error:
            nested = {"config": target.Config, "errors": error.errors()}
            raise PydanticCustomError("nested", "{reason}", {"reason": str(error), "nested": nested}) from None
        resolved = validate({"type": data["type"], "config": config})
        resolved._cls = target
        return resolved

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return {"type": self.type, **self.config.model_dump()}

    @classmethod
    def of(cls, type: str, **fields: Any) -> Nested:
        """Return a nested component with the given config fields."""
        return cls.model_validate({"type": type, **fields})

    def build(self) -> Component:
        """Construct the module."""
        made: Component = self._cls(self.config)
        return made


class Component(nn.Module):
    """An ``nn.Module`` with a typed signature and a validated ``Config``.

    Subclasses nest a ``Config``, annotate ``forward``, and are registered with :func:`component`. Further methods that
    a recipe may call are marked with :func:`operation`.
    """

    class Config(ComponentConfig):
        """No settings."""

    component_name: ClassVar[str] = ""
    signatures: ClassVar[dict[str, Signature]] = {}

    def __init__(self, config: ComponentConfig | None = None) -> None:
        super().__init__()
        self.config: Any = self.Config() if config is None else config

    @classmethod
    def create(cls, **fields: Any) -> Self:
        """Validate ``fields`` as the component's ``Config`` and construct it.

        Raises:
            ValueError: If a field is unknown, missing or does not fit; names the component and the field.
        """
        return cls(cls.configure(fields))

    @classmethod
    def configure(cls, fields: Mapping[str, Any]) -> Any:
        """Validate ``fields`` as the component's ``Config``.

        Raises:
            ValueError: If a field is unknown, missing or does not fit; names the component and the field.
        """
        try:
            return cls.Config.model_validate(dict(fields))
        except ValidationError as error:
            owner = cls.component_name or cls.__qualname__
            lines = [f"{owner}: {_spell(cls.Config, item)}" for item in error.errors()]
            raise ValueError("\n".join(lines)) from None

    @classmethod
    def declare(cls, name: str) -> None:
        """Read and keep the signatures of ``forward`` and of every operation.

        Raises:
            ComponentError: If the declaration is at fault; names the class and the argument.
        """
        owner = f"component '{name}' ({cls.__module__}.{cls.__qualname__})"
        if not issubclass(cls.Config, ComponentConfig):
            raise ComponentError(f"{owner}: Config must derive from ComponentConfig")
        reserved = {"type"} & set(cls.Config.model_fields)
        if reserved:
            raise ComponentError(f"{owner}: a config field cannot be called 'type'; recipes use that word")
        if cls.forward is nn.Module.forward:
            raise ComponentError(f"{owner}: it has no forward method")
        signatures = {"forward": read_signature(cls.forward, owner)}
        for attribute in dir(cls):
            method = getattr(cls, attribute, None)
            if getattr(method, "_is_operation", False):
                assert callable(method)
                signatures[attribute] = read_signature(method, f"{owner}, operation '{attribute}'")
        cls.component_name = name
        cls.signatures = signatures

    @classmethod
    def purpose(cls) -> str:
        """Return the first line of the docstring."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    def extra_repr(self) -> str:
        """Show the config where PyTorch prints the module."""
        return ", ".join(f"{name}={value!r}" for name, value in self.config)


def _spell(config: type[ComponentConfig], item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"'{place}' is no setting of this component; {did_you_mean(place, config.model_fields)}"
    if item["type"] == "missing":
        return f"the setting '{place}' is missing"
    return (
        f"{place}: {item['msg'].removeprefix('Value error, ')}" if place else item["msg"].removeprefix("Value error, ")
    )


def operation(method: F) -> F:
    """Mark a method, typed like ``forward``, as one that a recipe step can call: ``call: renderer.query``."""
    method._is_operation = True  # type: ignore[attr-defined]
    return method


def port_type(port: NamedPort) -> NamedPort:
    """Register a named port type with the process's registry."""
    return registry.add_type(port)
