"""The JSON Schema of recipes: fresh, true of our recipes, and discriminating by component type."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, PositiveInt

from aetherist.base import document
from aetherist.core import Component, ComponentConfig, Nested, PowerOfTwo, registry
from aetherist.core.registry import Registry
from aetherist.core.schema import recipe_schema

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


def of(text: str, schema: dict[str, Any]) -> list[str]:
    """Return what a validator says of a recipe, with what it says of the parts of each alternative."""
    errors = list(Draft202012Validator(schema).iter_errors(document.parse(text, "recipe.yaml").plain()))
    said = []
    while errors:
        error = errors.pop()
        said.append(error.message)
        errors += error.context or []
    return said


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
    Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(schema):
    references = re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema))
    assert set(references) <= set(schema["$defs"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("components: {a: {}}", "'type' is a required property"),
        ("components: {a: {type: renderer.volum}}", "is not valid under any"),
        ("components: {a: {type: rays.pinhole, samples: 3}}", "'samples' was unexpected"),
        ("components: {a: {type: rays.pinhole, resolution: x}}", "'x' is not valid under any"),
        ("components: {a: {type: rays.pinhole, resolution: 0}}", "0 is not valid under any"),
        ("components: {a: {type: triplane.stylegan2, resolution: 3}}", "3 is not valid under any"),
        (
            "components: {a: {type: renderer.volume, decoder: {type: decoder.softplus, depth: 3}}}",
            "'depth' was unexpected",
        ),
        ("components: {1a: {type: rays.pinhole}}", "does not match"),
        ("graphs: {g: {steps: {a: {with: {}}}}}", "'call' is a required property"),
        ("graphs: {g: {inputs: {a: {default: 3}}}}", "'type' is a required property"),
        ("graphs: {g: {outputs: {a: 3}}}", "3 is not"),
        ("grpahs: {}", "'grpahs' was unexpected"),
        ("profiles: {small: {components: {a: {type: rays.pinhole, samples: 3}}}}", "'samples' was unexpected"),
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
