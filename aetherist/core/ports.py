"""Port types (dtype, shape, meaning), and how they are read from a signature.

Annotations are the single declaration: ``Float[Tensor, "B 25"]`` from jaxtyping carries dtype and shape, a
:class:`NamedPort` adds the meaning, a plain Python type is a plain Python value, and ``list[...]`` or
``dict[str, ...]`` of these takes several wires.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs
import jaxtyping

from aetherist.core.dims import Shape, parse_shape
from aetherist.core.errors import ComponentError

if typing.TYPE_CHECKING:
    import torch

DTYPES = {"Float": jaxtyping.Float, "Int": jaxtyping.Int, "Bool": jaxtyping.Bool, "Shaped": jaxtyping.Shaped}
"""The dtype families a recipe may name; signatures may use any of jaxtyping's."""

SCALAR = Shape(())

VALUE_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}


@attrs.frozen
class PortType:
    """What may pass through a port: a tensor, a plain value, or a list or dict of either."""

    kind: Literal["tensor", "value", "list", "dict"]
    name: str
    shape: Shape = SCALAR
    dtypes: frozenset[str] | None = None
    meaning: str | None = None
    values: tuple[Any, ...] = ()
    item: PortType | None = None
    nullable: bool = False
    named: NamedPort | None = attrs.field(default=None, eq=False, repr=False)

    def map_shapes(self, rule: Callable[[Shape], Shape]) -> PortType:
        """Return the type with ``rule`` applied to its shape, or to that of what its list or dict holds."""
        if self.item is not None:
            return attrs.evolve(self, item=self.item.map_shapes(rule))
        return attrs.evolve(self, shape=rule(self.shape)) if self.shape.axes else self

    def __str__(self) -> str:
        if self.kind == "tensor":
            text = f'{self.name}["{self.shape}"]'
        elif self.item is not None:
            text = f"list[{self.item}]" if self.kind == "list" else f"dict[str, {self.item}]"
        else:
            text = self.name
        return f"{text} | None" if self.nullable else text


@attrs.frozen
class Port:
    """A named place of a component where values come in or go out."""

    name: str
    type: PortType
    required: bool = True
    default: Any = None


@attrs.frozen
class Signature:
    """The ports of one operation. ``single`` says that its one output has no name of its own."""

    inputs: dict[str, Port]
    outputs: dict[str, Port]
    single: bool

    def ports(self) -> Iterator[Port]:
        """Yield every port, inputs first."""
        yield from self.inputs.values()
        yield from self.outputs.values()


@attrs.frozen(eq=False, repr=False)
class NamedPort:
    """A port type with a name and a meaning; ``Styles["B layers 512"]`` is an annotation.

    Args:
        name: What recipes and messages call it.
        dtype: A jaxtyping dtype class, such as ``jaxtyping.Float``.
        shape: The shape where none is given.
        meaning: Dotted, from the general to the particular: ``camera.opencv.camera_to_world``.
        doc: One line for readers.
        check: Looks at a tensor's values at run time; returns what is wrong with them, or ``None``.
        sample: Draws a valid tensor of a shape for property tests.
    """

    name: str
    dtype: Any
    shape: str
    meaning: str | None = None
    doc: str = ""
    check: Callable[[torch.Tensor], str | None] | None = None
    sample: Callable[[tuple[int, ...], torch.Generator], torch.Tensor] | None = None

    def __getitem__(self, shape: str) -> Any:
        return Annotated[self.dtype[Any, shape], self]

    def type(self, shape: str | None = None) -> PortType:
        """Return the port type for ``shape``, or for the default one."""
        return read_annotation(self[self.shape if shape is None else shape])

    def __repr__(self) -> str:
        return self.name


@attrs.frozen
class Meaning:
    """Gives a meaning to a nameless annotation: ``Annotated[Float[Tensor, "B"], Meaning("angle.radians")]``."""

    text: str


def read_annotation(annotation: Any) -> PortType:
    """Read one annotation.

    Raises:
        ValueError: If it is no port type; the text says what would be.
    """
    if isinstance(annotation, NamedPort):
        return annotation.type()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        rest = [a for a in arguments if a is not type(None)]
        if len(rest) == 1 and len(rest) < len(arguments):
            return attrs.evolve(read_annotation(rest[0]), nullable=True)
        raise ValueError(f"{_spell(annotation)} has several types; a port has one, or one and None")
    if origin is list and arguments:
        return PortType("list", "list", item=read_annotation(arguments[0]))
    if origin is dict and arguments and arguments[0] is str:
        return PortType("dict", "dict", item=read_annotation(arguments[1]))
    if origin is Literal:
        return PortType("value", _spell(annotation), values=arguments)
    if annotation in VALUE_TYPES.values():
        return PortType("value", annotation.__name__, values=(annotation,))
    if isinstance(annotation, type) and issubclass(annotation, jaxtyping.AbstractArray):
        return _jaxtyped(annotation)
    raise ValueError(
        f'{_spell(annotation)} is no port type: use a named type such as Styles["B L 512"], a jaxtyping '
        'tensor such as Float[Tensor, "B 25"], int, float, bool, str, Literal, or list[...] or dict[str, ...] of these'
    )


def _annotated(inner: Any, extras: tuple[Any, ...]) -> PortType:
    port = read_annotation(inner)
    for extra in extras:
        if isinstance(extra, NamedPort):
            port = attrs.evolve(port, name=extra.name, meaning=extra.meaning, named=extra)
        elif isinstance(extra, Meaning):
            port = attrs.evolve(port, meaning=extra.text)
    return port


def _jaxtyped(annotation: Any) -> PortType:
    name = annotation.__name__.split("[", 1)[0]
    dtypes = annotation.dtypes
    known = frozenset(dtypes) if isinstance(dtypes, tuple | list) else None
    return PortType("tensor", name, shape=parse_shape(annotation.dim_str), dtypes=known)


def _spell(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " | ".join(repr(value) for value in get_args(annotation))
    if get_origin(annotation) is not None:
        return str(annotation).replace("typing.", "")
    return getattr(annotation, "__name__", None) or str(annotation)


def misfit(value: Any, type_: PortType) -> str | None:
    """Return what keeps a plain value from a port, or ``None`` if it fits."""
    if value is None:
        return None if type_.nullable else f"is null, and {type_} takes none"
    if type_.kind == "value":
        for allowed in type_.values:
            if not isinstance(allowed, type):
                fits = value == allowed and type(value) is type(allowed)
            elif allowed is float:
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            else:
                fits = isinstance(value, allowed) and (allowed is bool or not isinstance(value, bool))
            if fits:
                return None
        return f"is {value!r}, which is no {type_}"
    if type_.item is not None:
        parts: Iterable[Any] = ()
        if type_.kind == "list" and isinstance(value, list):
            parts = value
        elif type_.kind == "dict" and isinstance(value, dict):
            parts = value.values()
        else:
            return f"is {value!r}, which is no {type_}"
        return next((problem for part in parts if (problem := misfit(part, type_.item))), None)
    return f"is {value!r}, and {type_} takes a tensor"


def read_signature(function: Callable[..., Any], owner: str) -> Signature:
    """Read the ports of a method from its annotations.

    Raises:
        ComponentError: If an argument or the return value has no usable annotation; names ``owner`` and the argument.
    """
    try:
        signature = inspect.signature(function, eval_str=True)
    except Exception as error:
        name = _unreadable(inspect.get_annotations(function), function.__globals__)
        raise ComponentError(f"{owner}: the annotation of '{name}' cannot be read: {error}") from error
    inputs: dict[str, Port] = {}
    for name, parameter in signature.parameters.items():
        if name == "self":
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            reason = "is *args, **kwargs or positional only; a port is given by its own name"
            raise ComponentError(f"{owner}: argument '{name}' {reason}")
        port = _read_port(name, parameter.annotation, owner, "argument")
        if parameter.default is parameter.empty:
            inputs[name] = port
        else:
            type_ = attrs.evolve(port.type, nullable=port.type.nullable or parameter.default is None)
            if problem := misfit(parameter.default, type_):
                raise ComponentError(f"{owner}: the default of argument '{name}' {problem}")
            inputs[name] = Port(name, type_, False, parameter.default)
    outputs, single = _read_outputs(signature.return_annotation, owner)
    return Signature(inputs, outputs, single)


def _read_outputs(annotation: Any, owner: str) -> tuple[dict[str, Port], bool]:
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        try:
            hints = typing.get_type_hints(annotation, include_extras=True)
        except Exception as error:
            name = _unreadable(annotation.__annotations__, vars(sys.modules[annotation.__module__]))
            raise ComponentError(f"{owner}: the annotation of output '{name}' cannot be read: {error}") from error
        fields: tuple[str, ...] = annotation._fields
        return {name: _read_port(name, hints.get(name), owner, "output") for name in fields}, False
    return {"output": _read_port("output", annotation, owner, "output")}, True


def _unreadable(annotations: Mapping[str, Any], names: dict[str, Any]) -> str:
    """Return the first name whose annotation cannot be evaluated."""
    for name, annotation in annotations.items():
        written = annotation.__forward_arg__ if isinstance(annotation, typing.ForwardRef) else annotation
        holder = type(name, (), {"__annotations__": {name: written}})
        try:
            inspect.get_annotations(holder, globals=names, eval_str=True)
        except Exception:
            return name
    return "return"


def _read_port(name: str, annotation: Any, owner: str, role: str) -> Port:
    if annotation is inspect.Parameter.empty:
        raise ComponentError(f"{owner}: {role} '{name}' has no annotation; a port's type is read from it")
    try:
        return Port(name, read_annotation(annotation))
    except ValueError as error:
        raise ComponentError(f"{owner}: {role} '{name}': {error}") from error
