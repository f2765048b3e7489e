"""What can be no id is answered as what is not there: the same words, and none of how ids are made."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import Small

ILL_FORMED = ["x", "av-1", "job-1", "%00", "%0d%0a", "..%5c", "\u00e9", "0" * 63, "A" * 64, "a" * 2000]

ADDRESSES = [
    ("GET", "/v1/artifacts/{}", "0" * 64),
    ("HEAD", "/v1/artifacts/{}", "0" * 64),
    ("POST", "/v1/artifacts/{}/sign", "0" * 64),
    ("GET", "/v1/avatars/{}", "av_00000000"),
    ("PATCH", "/v1/avatars/{}", "av_00000000"),
    ("DELETE", "/v1/avatars/{}", "av_00000000"),
    ("POST", "/v1/avatars/{}/edit", "av_00000000"),
    ("GET", "/v1/avatars/{}/picture.png", "av_00000000"),
    ("POST", "/v1/avatars/{}/render", "av_00000000"),
    ("GET", "/v1/avatars/{}/file", "av_00000000"),
    ("POST", "/v1/avatars/{}/video", "av_00000000"),
    ("POST", "/v1/avatars/{}/mesh", "av_00000000"),
    ("GET", "/v1/jobs/{}", "job_00000000"),
    ("POST", "/v1/jobs/{}/cancel", "job_00000000"),
    ("GET", "/v1/jobs/{}/events", "job_00000000"),
    ("GET", "/v1/jobs/{}/result", "job_00000000"),
    ("DELETE", "/v1/admin/keys/{}", "000000000000"),
    ("GET", "/v1/models/{}", "nobody"),
    ("GET", "/v1/models/{}/recipe", "nobody"),
    ("GET", "/v1/models/{}/directions", "nobody"),
    ("GET", "/v1/models/{}/seeds/1.png", "nobody"),
    ("GET", "/v1/recipes/{}", "nothing"),
    ("GET", "/v1/runs/{}", "00000-nothing"),
    ("GET", "/v1/runs/{}/stats", "00000-nothing"),
    ("GET", "/v1/runs/{}/grids", "00000-nothing"),
    ("GET", "/v1/runs/{}/grids/image-000000000.png", "00000-nothing"),
    ("GET", "/v1/runs/{}/events", "00000-nothing"),
]
BODIES: dict[str, Any] = {"PATCH": {"name": "Ada"}, "POST": {}}


def told(client: TestClient, method: str, template: str, name: str) -> dict[str, Any] | None:
    """Return what a client is told that follows a link, without what is the request's own."""
    body = BODIES.get(method) if not template.endswith("/cancel") else None
    answer = client.request(method, template.format(name), json=body)
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if method == "HEAD":
        return None
    problem = answer.json()
    shown = problem.pop("instance").removeprefix(template.partition("{}")[0]).removesuffix(template.partition("{}")[2])
    del problem["request_id"]
    return {**problem, "detail": problem["detail"].replace(shown, "...")}


@pytest.mark.parametrize(("method", "template", "unknown"), ADDRESSES, ids=lambda value: str(value))
def test_an_id_that_can_be_none_is_told_of_as_one_that_is_unknown(
    small: Small, method: str, template: str, unknown: str
) -> None:
    client = small()
    expected = told(client, method, template, unknown)
    for name in ILL_FORMED:
        assert told(client, method, template, quote(name, safe="%")) == expected, name


def test_a_grid_of_a_run_that_can_be_none_is_not_there(small: Small) -> None:
    client = small()
    assert client.get("/v1/runs/00000-nothing/grids/x").json()["code"] == "not_found"


def test_the_addresses_beside_avatars_are_no_avatars(small: Small) -> None:
    client = small()
    for name in ("mix", "file"):
        answer = client.get(f"/v1/avatars/{name}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.get("/v1/avatars/mixed").json()["code"] == "unknown_avatar"


def test_the_description_still_says_how_ids_are_made(small: Small) -> None:
    paths = small().get("/openapi.json").json()["paths"]
    for path, name in {
        "/v1/avatars/{id}": "id",
        "/v1/jobs/{id}": "id",
        "/v1/artifacts/{digest}": "digest",
        "/v1/admin/keys/{id}": "id",
    }.items():
        for operation in paths[path].values():
            (schema,) = (each["schema"] for each in operation["parameters"] if each["name"] == name)
            assert schema["pattern"], path


def test_an_id_in_a_body_or_behind_the_question_mark_is_a_fault_of_the_request(small: Small) -> None:
    client = small()
    assert client.get("/v1/jobs?before=x").status_code == 422
    assert client.post("/v1/avatars/mix", json={"between": ["av_1", "x"]}).status_code == 422
