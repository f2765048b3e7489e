"""``aetherist components``."""

from __future__ import annotations

import contextlib
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from aetherist.cli.console import columns, show

if TYPE_CHECKING:
    from aetherist.core.component import Component
    from aetherist.core.ports import Port, Signature


def components(name: str | None = None, /) -> None:
    """List the components that recipes can name, or show one.

    Args:
        name: Show this one in full: its settings, its ports, where its source is.
    """
    from aetherist.core.component import registry

    if name is not None:
        _show(registry.get(name))
        return
    columns(["component", "purpose"], [[each, registry.get(each).purpose()] for each in registry.names()])
    show("", Text("aetherist components NAME shows one in full", style="dim"))
    for plugin, text in registry.failures.items():
        show("", Text.assemble(("broken plugin: ", "bold red"), f"{plugin}: {text.strip().splitlines()[-1]}"))


def _show(cls: type[Component]) -> None:
    from aetherist.core.registry import distribution_of

    show(Text.assemble((cls.component_name, "bold"), f"  {cls.purpose()}"))
    rest = inspect.cleandoc(cls.__doc__ or "").partition("\n")[2].strip()
    if rest:
        show("", *(f"  {line}" for line in rest.replace("``", "`").splitlines()))
    show("", f"  {cls.__module__}.{cls.__qualname__} of {distribution_of(cls)}", f"  {_source(cls)}")
    _settings(cls)
    for operation, signature in cls.signatures.items():
        _ports(cls, operation, signature)


def _source(cls: type) -> str:
    file, line = inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1]
    path = Path(file or "")
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f"{path}:{line}"


def _settings(cls: type[Component]) -> None:
    from aetherist.core.schema import component_schemas

    schemas = component_schemas(cls, cls.component_name)
    properties = schemas[cls.component_name]["properties"]
    rows = []
    for name, field in cls.Config.model_fields.items():
        default = (
            Text("required", style="bold")
            if field.is_required()
            else _default(field.get_default(call_default_factory=True))
        )
        rows.append([name, spell(properties[name], schemas), default, (field.description or "").replace("``", "`")])
    show("", Text("settings", style="bold") if rows else "no settings")
    if rows:
        columns(["  name", "type", "default", "meaning"], [[f"  {row[0]}", *row[1:]] for row in rows])


def _default(value: Any) -> str:
    from aetherist.core.component import Nested

    if isinstance(value, Nested):
        return value.type
    return value if isinstance(value, str) and value else json.dumps(value, default=str)


def spell(schema: dict[str, Any], definitions: dict[str, dict[str, Any]]) -> str:
    """Return the values that a schema admits in a few words: ``int > 0``, ``mean | sum``, ``list of int``."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        known = {"PowerOfTwo": "power of 2", "Component": "component", "Interpolation": ""}
        return known[target] if target in known else spell(definitions.get(target, {}), definitions) or "map"
    if "anyOf" in schema:
        return " | ".join(text for part in schema["anyOf"] if (text := spell(part, definitions)))
    for key in ("enum", "const"):
        if key in schema:
            values = schema[key] if key == "enum" else [schema[key]]
            return " | ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
    if schema.get("type") == "array":
        items = spell(schema.get("items", {}), definitions)
        return f"list of {items}" if items else "list"
    words = {"integer": "int", "number": "float", "boolean": "bool", "string": "text", "object": "map"}
    bounds = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    limits = [f"{sign} {schema[key]:g}" for key, sign in bounds.items() if key in schema]
    return " ".join([words.get(schema.get("type", ""), str(schema.get("type", ""))), *limits]).strip()


def _ports(cls: type[Component], operation: str, signature: Signature) -> None:
    method = getattr(cls, operation)
    told = inspect.cleandoc(method.__doc__ or "")  # its own: a forward without one would inherit that of nn.Module
    head = "forward" if operation == "forward" else f"operation {operation}"
    show("", Text.assemble((head, "bold"), f"  {told.partition(chr(10))[0].replace('``', '`')}".rstrip()))
    rows = [["  in", port.name, *_typed(port), _needed(port)] for port in signature.inputs.values()]
    rows += [["  out", port.name, *_typed(port), ""] for port in signature.outputs.values()]
    columns(["  ", "port", "type", "meaning", ""], rows, fold="type")


def _typed(port: Port) -> tuple[str, str]:
    return str(port.type).replace('"', ""), port.type.meaning or ""


def _needed(port: Port) -> str:
    return "" if port.required else f"default {json.dumps(port.default, default=str)}"
