"""The JSON Schema of recipes: fresh, true of our recipes, and discriminating by component type."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, PositiveInt

from aetherist.base import document
from aetherist.core import Component, ComponentConfig, Nested, PowerOfTwo, registry
from aetherist.core.registry import Registry
from aetherist.core.schema import recipe_schema

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
    "null": type(None),
}  # fmt: skip
UNDERSTOOD = {
    "$defs", "$schema", "$ref", "title", "description", "default", "examples", "type", "enum", "const", "anyOf",
    "allOf", "if", "then", "not", "required", "properties", "propertyNames", "additionalProperties", "items", "pattern",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
}  # fmt: skip


def is_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (isinstance(value, bool) == (name == "boolean"))


def faults(schema: Any, value: Any, root: dict[str, Any], at: str = "") -> list[str]:
    """Validate by the keywords of JSON Schema that ours uses; refuse to guess at any other."""
    if schema is True:
        return []
    if schema is False:
        return [f"{at}: not allowed"]
    assert set(schema) <= UNDERSTOOD, set(schema) - UNDERSTOOD
    found: list[str] = []
    if "$ref" in schema:
        found += faults(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root, at)
    types = schema.get("type", [])
    if types and not any(is_type(value, name) for name in ([types] if isinstance(types, str) else types)):
        found.append(f"{at}: {value!r} is no {types}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']}")
    if "anyOf" in schema and all(faults(part, value, root, at) for part in schema["anyOf"]):
        found.append(f"{at}: {value!r} fits nothing")
    for part in schema.get("allOf", []):
        found += faults(part, value, root, at)
    if "not" in schema and not faults(schema["not"], value, root, at):
        found.append(f"{at}: must not hold")
    if "if" in schema and not faults(schema["if"], value, root, at):
        found += faults(schema["then"], value, root, at)
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match")
    if isinstance(value, int | float) and not isinstance(value, bool):
        good = (
            value >= schema.get("minimum", value),
            value <= schema.get("maximum", value),
            value > schema.get("exclusiveMinimum", value - 1),
            value < schema.get("exclusiveMaximum", value + 1),
        )
        found += [] if all(good) else [f"{at}: {value} is out of bounds"]
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{at}: wrong length")
        for index, item in enumerate(value):
            found += faults(schema.get("items", True), item, root, f"{at}[{index}]")
    if isinstance(value, dict):
        found += [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value]
        known = schema.get("properties", {})
        for name, item in value.items():
            found += faults(schema.get("propertyNames", True), name, root, f"{at}.{name}")
            inner = known.get(name, schema.get("additionalProperties", True))
            found += faults(inner, item, root, f"{at}.{name}")
    return found


def of(text: str, schema: dict[str, Any]) -> list[str]:
    return faults(schema, document.parse(text, "recipe.yaml").plain(), schema)


class Inner(BaseModel):
    """A model within."""

    weight: float = 0.5


class Other(Component):
    """Do ``something`` else."""

    class Config(ComponentConfig):
        sizes: tuple[PowerOfTwo, ...] = (1, 2)
        inner: Inner = Inner()
        table: dict[str, PositiveInt] = Field({}, description="By ``name``.")
        part: Nested | None = None
        label: str = "x"

    def forward(self, x: int) -> int:
        return x


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    ours = Registry()  # what other tests register in this process is not part of it
    for name in registry.names():
        if registry.get(name).__module__.startswith("aetherist."):
            ours.add(name, registry.get(name))
    for port in registry.types():
        ours.add_type(port)
    return recipe_schema(ours)


def test_the_committed_schema_is_fresh(schema):
    committed = (ROOT / "schema" / "recipe.json").read_text()
    assert committed == json.dumps(schema, indent=2) + "\n", "run: aetherist schema --out schema/recipe.json"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_our_recipes_satisfy_it(schema, path):
    assert of(path.read_text(), schema) == []
    assert "$schema=../schema/recipe.json" in path.read_text().splitlines()[0]


def test_it_is_itself_valid(schema):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in RECIPES:
        jsonschema.validate(
            document.parse(path.read_text(), path.name).plain(), schema, jsonschema.Draft202012Validator
        )


def test_every_reference_leads_somewhere(schema):
    references = re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema))
    assert set(references) <= set(schema["$defs"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("components: {a: {}}", "type is missing"),
        ("components: {a: {type: renderer.volum}}", "fits nothing"),
        ("components: {a: {type: rays.pinhole, samples: 3}}", "samples: not allowed"),
        ("components: {a: {type: rays.pinhole, resolution: x}}", "'x' fits nothing"),
        ("components: {a: {type: rays.pinhole, resolution: 0}}", "0 fits nothing"),
        ("components: {a: {type: triplane.stylegan2, resolution: 3}}", "3 fits nothing"),
        ("components: {a: {type: renderer.volume, decoder: {type: decoder.softplus, depth: 3}}}", "depth: not allowed"),
        ("components: {1a: {type: rays.pinhole}}", "does not match"),
        ("graphs: {g: {steps: {a: {with: {}}}}}", "call is missing"),
        ("graphs: {g: {inputs: {a: {default: 3}}}}", "type is missing"),
        ("graphs: {g: {outputs: {a: 3}}}", "3 is no"),
        ("grpahs: {}", "grpahs: not allowed"),
        ("profiles: {small: {components: {a: {type: rays.pinhole, samples: 3}}}}", "samples: not allowed"),
    ],
)
def test_what_is_wrong_is_refused(schema, text, fault):
    found = of(text, schema)
    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "components: {a: {type: rays.pinhole, resolution: '${settings.n}'}}",
        "components: {a: {type: superres.stylegan2, widths: ['${settings.n}', 3]}}",
        "components: {a: {type: superres.stylegan2, widths: '${settings.all}', antialias: '${settings.sharp}'}}",
        "components: {a: {type: '${settings.kind}'}}",
        "components: {a: {type: renderer.volume, near: auto, far: '${settings.far}'}}",
        "components: {a: {type: mapping.stylegan2}}",
        "extends: tiny\ncomponents: {planes: {channels: 4}, discriminator: null}",
        "extends: tiny\ngraphs: {judge: null, g: {inputs: {psi: {default: 0.7}}, steps: {final: {with: {a: 3}}}}}",
        "graphs: {g: {inputs: {x: Image, psi: {type: float, default: 1}}, outputs: {y: x, z: {from: x, type: Image}}}}",
        "profiles: {small: {settings: {n: 3}, components: {a: {resolution: 3}}}}",
    ],
)
def test_what_may_be_written_is_accepted(schema, text):
    assert of(text, schema) == []


def test_components_of_others_are_in_it():
    registry = Registry()
    registry.add("other.thing", Other)
    made = recipe_schema(registry)
    assert made["$defs"]["other.thing"]["description"] == "Do `something` else."
    assert made["$defs"]["other.thing"]["properties"]["table"]["description"] == "By `name`."
    good = "sizes: ['${s.a}', 4], inner: {weight: '${s.w}'}, table: {a: 1}, label: any, part: {type: other.thing}"
    assert of(f"components: {{a: {{type: other.thing, {good}}}}}", made) == []
    for bad in ("sizes: [3]", "table: {a: 0}", "part: {type: nothing.else}", "inner: {weight: x}"):
        assert of(f"components: {{a: {{type: other.thing, {bad}}}}}", made), bad
