"""Recipes that ship, and recipes from outside."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import Small


def check(client: TestClient, text: str, **more: object) -> dict[str, object]:
    answer = client.post("/v1/recipes/check", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_recipes_that_ship_are_listed(gateway: TestClient) -> None:
    items = gateway.get("/v1/recipes").json()["items"]
    assert {"tiny", "portrait", "eg3d-ffhq512"} <= {item["name"] for item in items}
    assert all(item["description"] for item in items)


def test_a_recipe_is_shown_with_its_graphs(gateway: TestClient) -> None:
    told = gateway.get("/v1/recipes/tiny").json()
    assert "extends: eg3d-ffhq512" in told["text"]
    assert "extends" not in told["composed"].splitlines()
    graph = next(graph for graph in told["graphs"] if graph["name"] == "generate")
    assert {step["name"] for step in graph["steps"]} >= {"styles", "planes"}
    assert all({"from", "to"} <= set(wire) for wire in graph["wires"])


def test_the_recipe_of_a_model_is_shown_as_it_was_written(gateway: TestClient) -> None:
    told = gateway.get("/v1/models/tiny/recipe").json()
    assert told == gateway.get("/v1/recipes/tiny").json()
    assert gateway.get("/v1/models/nobody/recipe").json()["code"] == "unknown_model"


@pytest.mark.parametrize("name", ["nobody", "..", "..%2ftiny", "%2fetc%2fpasswd", "tiny.yaml", "tiny%00", "x" * 65])
def test_no_name_of_a_recipe_is_a_path(gateway: TestClient, name: str) -> None:
    assert gateway.get(f"/v1/recipes/{name}").status_code == 404


def test_a_sound_recipe_is_sound(gateway: TestClient) -> None:
    found = check(gateway, "extends: tiny\n")
    assert found["ok"] is True
    assert found["graphs"]


def test_every_fault_is_told_with_its_place(gateway: TestClient) -> None:
    found = check(gateway, "extends: tiny\ncomponents:\n  mapping: {latent_dims: 3}\n  rays: {resolutio: 4}\n")
    assert found["ok"] is False
    diagnostics = found["diagnostics"]
    assert isinstance(diagnostics, list)
    assert [(each["code"], each["where"]["line"]) for each in diagnostics[:2]] == [("AE202", 3), ("AE202", 4)]


def test_overrides_are_part_of_it(gateway: TestClient) -> None:
    assert check(gateway, "extends: tiny\n", overrides=["components.mapping.latent_dims=3"])["ok"] is False


@pytest.mark.parametrize(
    "text",
    [
        "extends: /etc/passwd\n",
        "extends: ../recipes/tiny.yaml\n",
        "extends: tiny\nsettings: {x: '${oc.env:HOME}'}\n",
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c]\ne: [*d, *d, *d, *d]\n",
        "!!python/object/apply:os.system ['true']\n",
        "components: {x: {type: os.system}}\n",
        "{",
        "\u0000",
        "- 1\n",
        "extends: tiny\n" * 2,
    ],
)
def test_a_recipe_from_outside_reaches_nothing(gateway: TestClient, text: str) -> None:
    found = check(gateway, text)
    assert found["ok"] is False
    told = str(found)
    assert "root:" not in told
    assert "Traceback" not in told


def test_a_recipe_has_so_many_bytes_at_most(small: Small) -> None:
    client = small(limits={"recipe_bytes": 100})
    assert client.post("/v1/recipes/check", json={"text": "#" * 101}).status_code == 413
    assert client.post("/v1/recipes/check", json={"text": "#" * 100}).status_code == 200


def test_a_gateway_may_take_no_recipes_from_outside(small: Small) -> None:
    client = small(security={"foreign_recipes": False})
    answer = client.post("/v1/recipes/check", json={"text": "extends: tiny\n"})
    assert answer.status_code == 403
    assert "foreign_recipes" in answer.json()["detail"]
