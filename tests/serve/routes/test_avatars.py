"""Avatars that are kept."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

import aetherist

FILE = {"Content-Type": "application/octet-stream"}


def keep(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/avatars", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == made["links"]["self"] == f"/v1/avatars/{made['id']}"
    return made


@pytest.fixture(scope="module")
def ada(gateway: TestClient) -> dict[str, Any]:
    return keep(gateway, person={"seed": 7, "psi": 0.7}, name="Ada")


def test_an_avatar_is_what_python_makes(ada: dict[str, Any]) -> None:
    model = aetherist.load("tiny")
    avatar = model.avatar(seed=7, psi=0.7)
    assert (ada["model"], ada["model_digest"], ada["digest"]) == ("tiny", model.digest, avatar.digest)
    assert (ada["seed"], ada["psi"], ada["name"], ada["attributes"]) == (7, 0.7, "Ada", {})


def test_it_is_found_again(gateway: TestClient, ada: dict[str, Any]) -> None:
    assert gateway.get(ada["links"]["self"]).json() == {**ada, "warnings": []}


def test_its_picture_is_shown(gateway: TestClient, ada: dict[str, Any]) -> None:
    address = f"/v1/avatars/{ada['id']}/picture.png?yaw=0.2"
    answer = gateway.get(address)
    expected = aetherist.load("tiny").avatar(seed=7, psi=0.7).render(yaw=0.2)
    assert Image.open(io.BytesIO(answer.content)).convert("RGB").tobytes() == expected.tobytes()
    assert gateway.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_any_camera_shows_it(gateway: TestClient, ada: dict[str, Any]) -> None:
    answer = gateway.post(
        f"/v1/avatars/{ada['id']}/render", json={"camera": {"yaw": 0.2}, "output": "depth", "format": "webp"}
    )
    assert answer.headers["content-type"] == "image/webp"


def test_its_file_opens_in_python_and_here(gateway: TestClient, ada: dict[str, Any]) -> None:
    answer = gateway.get(ada["links"]["file"])
    assert answer.headers["content-disposition"] == 'attachment; filename="Ada.avatar"'
    assert aetherist.load("tiny").open(answer.content).digest == ada["digest"]
    again = gateway.post("/v1/avatars/file?name=Eve", content=answer.content, headers=FILE)
    assert again.status_code == 201
    assert (again.json()["digest"], again.json()["name"]) == (ada["digest"], "Eve")
    assert again.json()["id"] != ada["id"]


@pytest.mark.parametrize("content", [b"", b"junk", b"\x80\x04.", b"PK\x03\x04" + b"\0" * 100, b"\xff" * 8 + b"{}"])
def test_what_is_no_file_of_an_avatar_is_refused(gateway: TestClient, content: bytes) -> None:
    answer = gateway.post("/v1/avatars/file", content=content, headers=FILE)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def test_it_is_renamed(gateway: TestClient) -> None:
    made = keep(gateway, person={"seed": 3})
    assert made["name"] is None
    assert gateway.patch(made["links"]["self"], json={"name": "K\u00f6nig"}).json()["name"] == "K\u00f6nig"
    assert "K%C3%B6nig" in gateway.get(made["links"]["file"]).headers["content-disposition"]
    assert gateway.patch(made["links"]["self"], json={"name": None}).json()["name"] is None


@pytest.mark.parametrize("name", ["", "a\nb", "a\u0000", "x" * 121, 7])
def test_a_name_is_a_line_of_text(gateway: TestClient, ada: dict[str, Any], name: Any) -> None:
    assert gateway.patch(ada["links"]["self"], json={"name": name}).status_code == 422


def test_half_a_letter_is_no_name(gateway: TestClient, ada: dict[str, Any]) -> None:
    body = b'{"name": "\\ud800"}'
    answer = gateway.patch(ada["links"]["self"], content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_it_is_removed(gateway: TestClient) -> None:
    made = keep(gateway, person={"seed": 4})
    assert gateway.delete(made["links"]["self"]).status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/picture.png"), ("GET", "/file")):
        answer = gateway.request(method, made["links"]["self"] + path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "unknown_avatar"


def test_lists_go_on_where_they_ended(gateway: TestClient) -> None:
    made = [keep(gateway, person={"seed": seed})["id"] for seed in range(5)]
    found: list[str] = []
    before = None
    while True:
        page = gateway.get("/v1/avatars", params={"limit": 2, "model": "tiny"} | ({"before": before} if before else {}))
        found += [item["id"] for item in page.json()["items"]]
        before = page.json()["next"]
        if before is None:
            break
    assert found[:5] == made[::-1]
    assert len(found) == len(set(found))


def test_two_are_mixed(gateway: TestClient, ada: dict[str, Any]) -> None:
    other = keep(gateway, person={"seed": 8, "psi": 0.7})
    body = {"between": [ada["id"], other["id"]], "amount": 0.25, "name": "Between"}
    made = gateway.post("/v1/avatars/mix", json=body)
    assert made.status_code == 201
    model = aetherist.load("tiny")
    expected = model.avatar(seed=7, psi=0.7).mix(model.avatar(seed=8, psi=0.7), 0.25)
    assert (made.json()["digest"], made.json()["name"], made.json()["seed"]) == (expected.digest, "Between", None)


@pytest.mark.parametrize("body", [{"between": ["av_none", "av_none"]}, {"between": ["av_none", 3]}, {"between": []}])
def test_who_is_not_there_cannot_be_mixed(gateway: TestClient, body: dict[str, Any]) -> None:
    assert gateway.post("/v1/avatars/mix", json=body).status_code in (404, 422)


def test_layers_that_are_not_there_cannot_be_mixed(gateway: TestClient, ada: dict[str, Any]) -> None:
    for more in ({"layers": [99]}, {"layers": [0], "space": "z"}, {"layers": []}):
        answer = gateway.post("/v1/avatars/mix", json={"between": [ada["id"]] * 2, **more})
        assert answer.status_code == 422


def test_a_model_without_directions_edits_nobody(gateway: TestClient, ada: dict[str, Any]) -> None:
    answer = gateway.post(f"/v1/avatars/{ada['id']}/edit", json={"attributes": {"age": 1}})
    assert answer.status_code == 422
    assert "no style directions" in answer.json()["detail"]


@pytest.mark.parametrize("id", ["av_", "7", "av_%2e%2e", "..", "av_a%2fb", "av_" + "x" * 70, "av_%00"])
def test_what_is_no_id_is_nobody(gateway: TestClient, id: str) -> None:
    assert gateway.get(f"/v1/avatars/{id}").status_code == 404


def test_a_mesh_and_a_video_are_jobs(gateway: TestClient, ada: dict[str, Any]) -> None:
    for kind, body in (("video", {"frames": 3, "format": "webm"}), ("mesh", {"resolution": 16, "format": "ply"})):
        answer = gateway.post(f"/v1/avatars/{ada['id']}/{kind}", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["kind"] == kind
        assert answer.headers["location"] == answer.json()["links"]["self"]
        gateway.post(answer.json()["links"]["cancel"])
