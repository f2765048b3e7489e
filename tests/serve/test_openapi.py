"""The description of the API."""

from __future__ import annotations

from typing import Any

import pytest

from aetherist.serve.problems import KINDS, MEDIA_TYPE
from tests.serve.conftest import Small

Operations = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def operations(small: Small) -> Operations:
    document = small().get("/openapi.json").json()
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def test_every_operation_is_described(operations: Operations) -> None:
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations:
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        assert operation["tags"], (path, method)
        assert operation["operationId"].replace("_", "").isalnum()


def test_every_problem_is_of_one_type(operations: Operations) -> None:
    for path, method, operation in operations:
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and (path, status) != ("/readyz", "503"):
                schema = answer["content"][MEDIA_TYPE]["schema"]
                assert schema == {"$ref": "#/components/schemas/ProblemData"}, (path, method, status)


def test_what_holds_for_all_is_said_of_all(operations: Operations) -> None:
    for path, method, operation in operations:
        wanted = {"500"}
        if path.startswith("/v1/"):
            wanted |= {"401", "403", "422", "429", "503"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415", "422"}
        assert wanted <= set(operation["responses"]), (path, method)


def test_bodies_have_examples(small: Small, operations: Operations) -> None:
    schemas = small().get("/openapi.json").json()["components"]["schemas"]
    without = []
    for path, method, operation in operations:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        named = schemas.get(str(content.get("schema", {}).get("$ref")).rpartition("/")[2], {})
        if content and "examples" not in content and "'examples'" not in str(named):
            without.append((path, method))
    assert not without


def test_every_kind_of_problem_is_known_by_its_status() -> None:
    assert all(400 <= kind.status < 600 for kind in KINDS.values())


def test_pages_that_come_from_elsewhere_are_off(small: Small) -> None:
    client = small()
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
