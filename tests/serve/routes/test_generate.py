"""Pictures of people from cameras."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

import aetherist
from aetherist.components.cameras import Cameras
from tests.serve.conftest import Small, services


def generate(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/generate", json=body)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_every_person_is_shown_from_every_camera(gateway: TestClient) -> None:
    items = generate(gateway, seeds="0-1,7", psi=0.7, cameras=[{"yaw": -0.3}, {"yaw": 0.3}], size=32, format="webp")
    assert [(item["person"]["seed"], item["camera"]["yaw"]) for item in items] == [
        (seed, yaw) for seed in (0, 1, 7) for yaw in (-0.3, 0.3)
    ]
    for item in items:
        assert item["person"]["psi"] == 0.7
        assert (item["width"], item["height"]) == (32, 32)
        fetched = gateway.get(item["artifact"]["url"])
        assert fetched.headers["content-type"] == item["artifact"]["media_type"] == "image/webp"
        assert len(fetched.content) == item["artifact"]["size"]


def test_a_single_picture_is_itself_to_those_who_accept_one(gateway: TestClient) -> None:
    answer = gateway.post("/v1/generate", json={"people": [{"seed": 7}]}, headers={"Accept": "image/*"})
    assert answer.headers["content-type"] == "image/png"
    expected = aetherist.load("tiny").avatar(seed=7).render()
    assert Image.open(io.BytesIO(answer.content)).convert("RGB").tobytes() == expected.tobytes()


def test_a_camera_may_be_all_of_its_numbers(gateway: TestClient) -> None:
    vector = Cameras.from_angles(0.3, 0.1, radius=2.7, pivot=(0, 0, 0.2), focal=4.2647).vector.flatten().tolist()
    by_vector, by_angles = generate(gateway, seeds="3", cameras=[{"vector": vector}, {"yaw": 0.3, "pitch": 0.1}])
    assert by_vector["artifact"]["digest"] == by_angles["artifact"]["digest"]


def test_people_may_be_mixed(gateway: TestClient) -> None:
    people = [{"seed": 1}, {"mix": [{"seed": 1}, {"seed": 2}], "amount": 0.0}, {"mix": [{"seed": 1}, {"seed": 2}]}]
    first, same, other = (item["artifact"]["digest"] for item in generate(gateway, people=people))
    assert first == same != other


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seeds": "0", "people": [{"seed": 1}]},
        {"people": []},
        {"people": [{}]},
        {"people": [{"seed": "7"}]},
        {"people": [{"seed": True}]},
        {"people": [{"seed": 7.0}]},
        {"people": [{"seed": -1}]},
        {"people": [{"seed": 2**32}]},
        {"people": [{"seed": 1, "id": "av_1"}]},
        {"people": [{"seed": 1}], "psi": 0.5},
        {"people": [{"mix": [{"seed": 1}]}]},
        {"people": [{"mix": [{"seed": 1}, {"seed": 2}], "layers": [1], "space": "z"}]},
        {"people": [{"seed": 1, "attributes": {"age": "old"}}]},
        {"people": [{"seed": 1, "attributes": {str(i): 1 for i in range(65)}}]},
        {"seeds": "3-1"},
        {"seeds": "1,,2"},
        {"seeds": "99999999999"},
        {"seeds": "1", "cameras": [{"vector": [0.0] * 24}]},
        {"seeds": "1", "cameras": [{"vector": [0.0] * 25}]},
        {"seeds": "1", "cameras": [{"yaw": 0.1, "vector": [0.0] * 25}]},
        {"seeds": "1", "format": "gif"},
        {"seeds": "1", "output": "weights"},
        {"seeds": "1", "unknown": 1},
        {"seeds": "1", "quality": 0},
        {"seeds": "1", "attributes": {"age": 1}},
    ],
)
def test_what_is_no_request_is_refused(gateway: TestClient, body: dict[str, Any]) -> None:
    answer = gateway.post("/v1/generate", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid_request"


def test_mixes_are_not_nested_without_end(gateway: TestClient) -> None:
    person: dict[str, Any] = {"seed": 1}
    for _ in range(6):
        person = {"mix": [person, {"seed": 2}]}
    assert gateway.post("/v1/generate", json={"people": [person]}).status_code == 422


@pytest.mark.parametrize("body", [{"seeds": "0-64"}, {"seeds": "0-7", "cameras": [{}] * 9}, {"seeds": "0-4294967295"}])
def test_a_request_has_so_many_pictures_at_most(gateway: TestClient, body: dict[str, Any]) -> None:
    answer = gateway.post("/v1/generate", json=body)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_an_avatar_that_is_not_there_is_a_problem(gateway: TestClient) -> None:
    answer = gateway.post("/v1/generate", json={"people": [{"mix": [{"seed": 1}, {"id": "av_none"}]}]})
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_avatar"


def test_usage_is_counted(small: Small) -> None:
    client = small()
    generate(client, seeds="0-2")
    services(client).usage.flush()
    (row,) = services(client).storage.usage.report(by=("model", "operation"))
    assert (row["model"], row["operation"], row["count"], row["pictures"]) == ("tiny", "generate", 1, 3)
