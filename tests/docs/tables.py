"""The tables of the pages that are made from the registry and from schemas, so that they are complete.

In a page they stand between ``<!-- table: NAME -->`` and ``<!-- end of table -->``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import aetherist.components.types
from aetherist.core.component import Component, Nested, registry
from aetherist.core.ports import NamedPort, Port, Signature
from aetherist.graphs.training import spec
from aetherist.graphs.training.schedules import Schedule
from aetherist.serve.config import ServerConfig
from aetherist.serve.problems import KINDS

_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Return a page's text with every table made afresh."""
    return _PLACE.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}", text)


def component_names() -> list[str]:
    """Return the names of the components that come with Aetherist."""
    return [name for name in registry.names() if registry.get(name).__module__.startswith("aetherist.")]


def types() -> list[NamedPort]:
    """Return the port types that come with Aetherist."""
    return [port for port in registry.types() if getattr(aetherist.components.types, port.name, None) is port]


def types_table() -> str:
    """Every named port type."""
    rows = [
        (
            f"`{port.name}`",
            _dtype(port.dtype),
            f"`{port.shape}`" if port.shape else "scalar",
            f"`{port.meaning}`",
            port.doc,
        )
        for port in types()
    ]
    return _table(("Name", "Dtype", "Shape", "Meaning", "What it holds"), rows)


def components_table() -> str:
    """Every component with its purpose, and a link to its section."""
    rows = [(f"[`{name}`](#{_anchor(name)})", _marked(registry.get(name).purpose())) for name in component_names()]
    return _table(("Component", "Purpose"), rows)


def components_sections() -> str:
    """Every component's settings and ports."""
    return "\n".join(line for name in component_names() for line in _section(name, registry.get(name)))


def keys_table(model: type[BaseModel]) -> str:
    """Every key of a part of ``training:``, with its default."""
    return _table(("Key", "Default", "What it is"), list(_keys(model)))


def settings_tables() -> str:
    """Every setting of the gateway, by its section."""
    parts: list[str] = []
    for section, field in ServerConfig.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        rows = [
            (f"`{name}`", _set(section, name, each), _changes(each), _marked(each.description or ""))
            for name, each in model.model_fields.items()
        ]
        parts += [f"### {section} {{#settings-{section}}}", "", (model.__doc__ or "").strip(), ""]
        parts += [_table(("Setting", "Default", "Live", "What it is"), rows)]
    return "\n".join(parts)


def _set(section: str, name: str, setting: FieldInfo) -> str:
    if (section, name) == ("server", "data_folder"):
        return "see above"
    default = setting.get_default(call_default_factory=True, validated_data={})
    return f"`{json.dumps(default)}`".replace('"', "") if default != "" else "empty"


def _changes(setting: FieldInfo) -> str:
    extra = setting.json_schema_extra
    return "yes" if isinstance(extra, dict) and extra.get("live") else ""


WORDS = {"integer": "integer", "number": "number", "boolean": "`true` or `false`", "null": "`null`", "string": "text"}


def problems_table() -> str:
    """Return the kinds of problems that the gateway answers with."""
    rows = [(f"`{code}`", str(kind.status), kind.title) for code, kind in KINDS.items()]
    return _table(("Code", "Status", "Is"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "types": types_table,
    "components": components_table,
    "sections": components_sections,
    "training": lambda: keys_table(spec.TrainingSpec),
    "phase": lambda: keys_table(spec.PhaseSpec),
    "optimizer": lambda: keys_table(spec.OptimizerSpec),
    "draw": lambda: keys_table(spec.DrawFeed),
    "field": lambda: keys_table(spec.FieldFeed),
    "schedule": lambda: keys_table(Schedule),
    "control": lambda: keys_table(spec.ControlSpec),
    "grow": lambda: keys_table(spec.GrowSpec),
    "ema": lambda: keys_table(spec.EmaSpec),
    "data": lambda: keys_table(spec.DataSpec),
    "snapshots": lambda: keys_table(spec.SnapshotSpec),
    "settings": settings_tables,
    "checkpoints": lambda: keys_table(spec.CheckpointSpec),
    "problems": problems_table,
}


def _section(name: str, cls: type[Component]) -> Iterator[str]:
    yield f"### {name} {{#{_anchor(name)}}}"
    yield ""
    yield _marked(cls.purpose())
    yield ""
    settings = list(_settings(cls))
    if settings:
        yield _table(("Setting", "Takes", "Default", "What it is"), settings)
    for operation, signature in cls.signatures.items():
        if operation != "forward":
            yield f"Operation `{operation}`: {_purpose(cls, operation)}"
            yield ""
        yield _table(("Port", "Type", ""), _ports(signature))


def _settings(cls: type[Component]) -> Iterator[tuple[str, str, str, str]]:
    properties = cls.Config.model_json_schema(mode="validation").get("properties", {})
    for name, field in cls.Config.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if field.is_required():
            takes, shown = _takes(properties[name]), "required"
        elif isinstance(default, Nested):
            takes, shown = "a component", f"`{{type: {default.type}}}`"
        else:
            takes = _takes(properties[name])
            shown = f"`{json.dumps(default)}`".replace('"', "")
        doc = _marked((field.description or "").replace("\n", " "))
        yield f"`{name}`", takes, shown, doc


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if field.is_required():
            shown = "required"
        elif isinstance(default, BaseModel):
            shown = "see below"
        else:
            shown = f"`{json.dumps(default)}`".replace('"', "")
        yield f"`{field.alias or name}`", shown, _marked((field.description or "").replace("\n", " "))


def _takes(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_takes(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])}, each {_takes(schema['prefixItems'][0])}"
    if kind == "array":
        return f"list of {_takes(schema['items'])}"
    if kind == "object":
        return f"names, each with {_takes(schema.get('additionalProperties', {}))}"
    if kind is None:
        return "anything"
    if schema.get("powerOfTwo"):
        return "power of two"
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}
    limits = [f"{bounds[key]} {schema[key]:g}" for key in bounds if key in schema]
    return ", ".join([WORDS[kind], *limits])


def _ports(signature: Signature) -> Iterator[tuple[str, str, str]]:
    for port in signature.inputs.values():
        yield f"`{port.name}`", _type(port), _optional(port)
    for port in signature.outputs.values():
        name = "gives" if signature.single else f"gives `{port.name}`"
        yield name, _type(port), ""


def _type(port: Port) -> str:
    """Return the type in words that no dialect of Markdown takes for the end of a cell."""
    return f"`{port.type}`".replace(" | None`", "` or null")


def _optional(port: Port) -> str:
    if port.required:
        return "required"
    return "optional" if port.default is None else f"default `{json.dumps(port.default)}`"


def _purpose(cls: type[Component], operation: str) -> str:
    return _marked((getattr(cls, operation).__doc__ or "").strip().partition("\n")[0])


def _marked(text: str) -> str:
    """Return the text of a docstring as Markdown."""
    return text.replace("``", "`")


def _dtype(dtype: Any) -> str:
    return f"`{dtype.__name__}`"


def _shape(port: NamedPort) -> str:
    return f"`{port.shape}`" if port.shape else "scalar"


def _anchor(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")


def _table(heads: tuple[str, ...], rows: Any) -> str:
    lines = ["| " + " | ".join(heads).rstrip() + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(line.replace("|  |", "| |") for line in lines) + "\n"
