"""The JSON Schema of recipes, so that editors complete and check them while they are written.

It is looser than the check: a recipe that extends another may leave out what the other says, and an interpolation may
stand for any value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from aetherist.core.component import Component
from aetherist.core.component import registry as process_registry
from aetherist.core.ports import DTYPES, VALUE_TYPES
from aetherist.core.recipe import ComponentSpec, GraphSpec, InputSpec, OutputSpec, RecipeSpec, StepSpec
from aetherist.core.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_NAMES: Schema = {"pattern": "^[A-Za-z][A-Za-z0-9_]*$"}
_INTERPOLATION: Schema = {
    "type": "string",
    "pattern": r"\$\{[^${}]+\}",
    "description": "A value from elsewhere in the recipe: ${settings.name}.",
}
_ANNOTATIONS = ("description", "default", "examples")
_POWERS: Schema = {"enum": [2**exponent for exponent in range(17)]}


def recipe_schema(registry: Registry | None = None) -> Schema:
    """Return the JSON Schema (draft 2020-12) of recipes that use the components of a registry."""
    registry = registry or process_registry
    names = registry.names()
    definitions: dict[str, Schema] = {
        "Interpolation": _INTERPOLATION,
        "PowerOfTwo": _POWERS,
        "Component": _component(names),
    }
    for name in names:
        definitions |= component_schemas(registry.get(name), name)
    definitions["Graph"] = _graph()
    definitions["Input"] = _input([port.name for port in registry.types()])
    definitions["Step"] = _object(
        StepSpec, {"call": {"type": "string"}, "with": {"type": "object", "propertyNames": _NAMES}}
    )
    definitions["Output"] = _object(
        OutputSpec, {"from": {"type": "string"}, "type": {"type": ["string", "null"]}}, "string"
    )
    return {
        "$schema": DIALECT,
        "title": "Aetherist recipe",
        **_body(whole=True),
        "if": {"not": {"required": ["extends"]}},
        "then": _complete(),
        "$defs": definitions,
    }


def component_schemas(cls: type[Component], name: str) -> dict[str, Schema]:
    """Return the definitions for one component's settings; the first, under ``name``, is of the component itself."""
    raw = cls.Config.model_json_schema()
    inner = {key: value for key, value in raw.pop("$defs", {}).items() if key not in ("Nested", "ComponentConfig")}

    def settled(schema: Any) -> Any:
        """Point references at the definitions of the whole schema, and drop what tells an editor nothing."""
        if isinstance(schema, list):
            return [settled(part) for part in schema]
        if isinstance(schema, str):
            return _markdown(schema)
        if not isinstance(schema, dict):
            return schema
        if schema.get("powerOfTwo"):
            rest = {key: value for key, value in schema.items() if key in _ANNOTATIONS}
            return {"$ref": "#/$defs/PowerOfTwo", **rest}
        made = {key: settled(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}
        if isinstance(schema.get("$ref"), str):
            target = schema["$ref"].removeprefix("#/$defs/")
            made["$ref"] = "#/$defs/" + ("Component" if target == "Nested" else f"{name}:{target}")
        return made

    own = settled(raw)
    properties = {key: opened(value) for key, value in own.get("properties", {}).items()}
    made: Schema = {
        "description": _markdown(cls.purpose()),
        "type": "object",
        "properties": {"type": {"const": name}} | properties,
    }
    made["additionalProperties"] = False
    return {name: made} | {f"{name}:{key}": opened(settled(value)) for key, value in inner.items()}


def opened(schema: Schema) -> Schema:
    """Return a schema that an interpolation satisfies too, there and within."""
    kept = {key: schema[key] for key in _ANNOTATIONS if key in schema}
    core = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    if core in ({"type": "string"}, {"$ref": "#/$defs/Component"}, {}):
        return schema
    for key in ("items", "additionalProperties"):
        if isinstance(core.get(key), dict):
            core[key] = opened(core[key])
    if "properties" in core:
        core["properties"] = {key: opened(value) for key, value in core["properties"].items()}
    choices = core["anyOf"] if set(core) == {"anyOf"} else [core]
    return {"anyOf": [*choices, {"$ref": "#/$defs/Interpolation"}], **kept}


def _body(*, whole: bool) -> Schema:
    properties: dict[str, Schema] = {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "settings": {"type": "object"},
        "components": _map({"$ref": "#/$defs/Component"}),
        "graphs": _map({"$ref": "#/$defs/Graph"}),
        "training": {"type": ["object", "null"]},
    }
    body = _object(RecipeSpec, properties) | {"type": "object"}
    if whole:
        body["properties"]["extends"] = {
            "type": "string",
            "description": "Another recipe, by name or by its path from here; this one is laid over it.",
        }
        body["properties"]["profiles"] = {
            "type": "object",
            "description": "Changes to lay over the recipe on demand: --profile NAME.",
            "additionalProperties": _body(whole=False),
        }
    return body


def _complete() -> Schema:
    """Return what holds for a recipe that extends no other: every entry says what it is."""

    def each(name: str, entries: Schema) -> Schema:
        return {"properties": {name: {"additionalProperties": entries}}}

    parts = [
        each("inputs", {"required": ["type"]}),
        each("steps", {"required": ["call"]}),
        each("outputs", {"required": ["from"]}),
    ]
    graphs = {"properties": {key: value for part in parts for key, value in part["properties"].items()}}
    return {
        "properties": {
            "components": {"additionalProperties": {"required": ["type"]}},
            "graphs": {"additionalProperties": graphs},
        }
    }


def _component(names: Iterable[str]) -> Schema:
    """Return the schema of any component: its type decides which settings it has."""
    return {
        "description": ComponentSpec.__doc__,
        "type": ["object", "null"],
        "properties": {
            "type": {
                "description": _said(ComponentSpec, "type"),
                "anyOf": [{"enum": list(names)}, {"$ref": "#/$defs/Interpolation"}],
            }
        },
        "allOf": [
            {
                "if": {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in names
        ],
    }


def _graph() -> Schema:
    entries = {"inputs": "Input", "steps": "Step", "outputs": "Output"}
    properties: dict[str, Schema] = {key: _map({"$ref": f"#/$defs/{target}"}) for key, target in entries.items()}
    return _object(GraphSpec, {"description": {"type": "string"}, **properties})


def _input(types: list[str]) -> Schema:
    examples = [*types, *VALUE_TYPES, *(f"{dtype}[B C H W]" for dtype in DTYPES)]
    made = _object(InputSpec, {"type": {"type": "string"}, "default": {}}, "string")
    made["properties"]["type"]["examples"] = examples
    return made


def _object(model: type[BaseModel], properties: dict[str, Schema], *others: str) -> Schema:
    """Return the schema of a map with these keys, each described as the model describes it; ``null`` removes it.

    ``others`` are further types that it may have: a short form.
    """
    told = {key: {**value, "description": _said(model, key)} for key, value in properties.items()}
    made: Schema = {"description": _markdown(model.__doc__ or ""), "type": ["object", *others, "null"]}
    return made | {"properties": told, "additionalProperties": False}


def _map(entries: Schema) -> Schema:
    return {"type": "object", "propertyNames": _NAMES, "additionalProperties": entries}


def _said(model: type[BaseModel], key: str) -> str:
    field = next(field for name, field in model.model_fields.items() if key in (name, field.alias))
    return _markdown(field.description or "")


def _markdown(text: str) -> str:
    """Editors show descriptions as Markdown."""
    return text.replace("``", "`")
