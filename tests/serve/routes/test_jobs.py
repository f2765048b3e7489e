"""Jobs over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import Small, key, services

MESH = {"kind": "mesh", "person": {"seed": 7}, "resolution": 24, "level": 1.5, "format": "glb"}


def events(client: TestClient, job: str, **headers: str) -> list[tuple[str, Any, str]]:
    """Name, data and id of everything that a job's stream tells."""
    found = []
    with client.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.read().decode()
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields["id"]))
    return found


def test_a_mesh_is_asked_for_followed_and_fetched(gateway: TestClient) -> None:
    asked = gateway.post("/v1/jobs", json=MESH)
    assert asked.status_code == 202, asked.text
    job = asked.json()
    assert asked.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert job["request"] == {key: MESH[key] for key in MESH if key != "kind"} | {"model": "tiny"}
    heard = events(gateway, job["id"])
    name, data, last = heard[-1]
    assert name == "done", data
    assert {name for name, _, _ in heard[:-1]} <= {"progress"}
    assert events(gateway, job["id"], **{"Last-Event-ID": last}) == []
    (file,) = gateway.get(data["links"]["result"]).json()["artifacts"]
    assert file["media_type"] == "model/gltf-binary"
    answer = gateway.get(file["url"])
    assert answer.content.startswith(b"glTF")
    assert "tiny-mesh.glb" in answer.headers["content-disposition"]
    assert gateway.get(f"/v1/jobs/{job['id']}").json()["status"] == "done"


@pytest.mark.parametrize(
    ("request_", "begins"),
    [
        ({"kind": "video", "people": [{"seed": 1}], "frames": 3, "size": 32, "format": "mp4"}, b"\x00\x00\x00"),
        ({"kind": "video", "people": [{"seed": 1}, {"seed": 2}], "frames": 3, "format": "webm"}, b"\x1aE\xdf\xa3"),
        ({"kind": "mesh", "person": {"seed": 1}, "resolution": 24, "level": 1.5, "format": "splats"}, b"ply"),
        ({"kind": "generate", "seeds": "0-1", "cameras": [{"yaw": 0.2}], "format": "webp"}, b"RIFF"),
        ({"kind": "run", "graph": "show", "seed": 3}, b""),
    ],
)
def test_every_kind_is_done(gateway: TestClient, request_: dict[str, Any], begins: bytes) -> None:
    job = gateway.post("/v1/jobs", json=request_).json()
    name, data, _ = events(gateway, job["id"])[-1]
    assert name == "done", data["problem"]
    assert data["progress"] == 1.0
    for artifact in data["result"]["artifacts"]:
        assert gateway.get(artifact["url"]).content.startswith(begins)
    if request_["kind"] == "run":
        assert data["result"]["run"]


def test_a_batch_has_an_archive(gateway: TestClient) -> None:
    asked = gateway.post("/v1/batches", json={"seeds": "0-2", "size": 32, "format": "webp"})
    assert asked.status_code == 202
    job = asked.json()
    name, data, _ = events(gateway, job["id"])[-1]
    assert name == "done", data
    archive, manifest, *pictures = data["result"]["artifacts"]
    assert len(pictures) == 3
    with zipfile.ZipFile(io.BytesIO(gateway.get(archive["url"]).content)) as file:
        assert len(file.namelist()) == 4
    assert len(gateway.get(manifest["url"]).text.splitlines()) == 3
    assert job["id"] in [item["id"] for item in gateway.get("/v1/batches").json()["items"]]


def test_what_fails_says_why(gateway: TestClient) -> None:
    job = gateway.post("/v1/jobs", json=MESH | {"level": 20}).json()
    name, data, _ = events(gateway, job["id"])[-1]
    assert name == "failed"
    assert (data["problem"]["status"], data["problem"]["code"]) == (422, "invalid_request")
    assert "no surface" in data["problem"]["detail"]
    answer = gateway.get(f"/v1/jobs/{job['id']}/result")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_same_request_under_the_same_key_is_the_same_job(small: Small) -> None:
    client = small()
    first, second = (client.post("/v1/jobs", json=MESH, headers={"Idempotency-Key": "abc"}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    other = client.post("/v1/jobs", json=MESH | {"resolution": 25}, headers={"Idempotency-Key": "abc"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert client.post("/v1/jobs", json=MESH).json()["id"] != first.json()["id"]
    assert client.post("/v1/jobs", json=MESH, headers={"Idempotency-Key": "x" * 201}).status_code == 422


def test_what_cannot_be_done_is_refused_before_it_is_promised(small: Small) -> None:
    client = small(limits={"recipe_bytes": 100}, security={"foreign_recipes": True})
    for request_, status, code in [
        (MESH | {"model": "nobody"}, 404, "unknown_model"),
        (MESH | {"person": {"id": "av_00000000"}}, 404, "unknown_avatar"),
        (MESH | {"more": 1}, 422, "invalid_request"),
        ({"kind": "delete"}, 422, "invalid_request"),
        ({"kind": "batch", "seeds": "9-3"}, 422, "invalid_request"),
        ({"kind": "batch", "seeds": "0-99999", "cameras": [{}, {}]}, 413, "too_large"),
        ({"kind": "run", "text": "x" * 101}, 413, "too_large"),
    ]:
        answer = client.post("/v1/jobs", json=request_)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert services(client).storage.jobs.counts()["queued"] == 0
    strict = small(security={"foreign_recipes": False})
    assert strict.post("/v1/jobs", json={"kind": "run", "text": "name: x"}).status_code == 403


def test_a_full_queue_says_when_to_come_back(small: Small) -> None:
    client = small(limits={"jobs_queued": 2})
    assert [client.post("/v1/jobs", json=MESH).status_code for _ in range(3)] == [202, 202, 429]
    answer = client.post("/v1/jobs", json=MESH)
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("busy", "10")


def test_jobs_are_listed_in_pages(small: Small) -> None:
    client = small()
    made = [client.post("/v1/jobs", json=MESH).json()["id"] for _ in range(5)]
    first = client.get("/v1/jobs?limit=2").json()
    second = client.get(f"/v1/jobs?limit=3&before={first['next']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    assert client.get("/v1/jobs?status=done").json()["items"] == []
    assert client.get("/v1/jobs?kind=video").json()["items"] == []
    assert client.get("/v1/jobs?limit=0").status_code == 422


@pytest.mark.parametrize("id_", ["job_unknown0", "..%2F..%2Fetc", "av_1", "job_" + "x" * 99])
@pytest.mark.parametrize("rest", ["", "/events", "/result"])
def test_there_is_no_other_job(small: Small, id_: str, rest: str) -> None:
    assert small().get(f"/v1/jobs/{id_}{rest}").status_code == 404


def test_a_job_is_ended_by_whose_it_is(small: Small) -> None:
    with small(security={"keys": "required"}) as client:
        own, other, admin = key(client, "generate"), key(client, "generate"), key(client, "admin")
        reader = key(client, "read")
        services(client).config.change({"jobs.concurrency": 1}, by="test")
        services(client).draining = True  # so that nothing is begun
        job = client.post("/v1/jobs", json=MESH, headers=own).json()["id"]
        assert client.post("/v1/jobs", json=MESH, headers=reader).status_code == 403
        assert client.get(f"/v1/jobs/{job}", headers=reader).status_code == 200
        assert client.post(f"/v1/jobs/{job}/cancel", headers=other).json()["code"] == "forbidden"
        assert client.post(f"/v1/jobs/{job}/cancel", headers=reader).status_code == 403
        answer = client.post(f"/v1/jobs/{job}/cancel", headers=own)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        again = client.post("/v1/jobs", json=MESH, headers=own).json()["id"]
        assert client.post(f"/v1/jobs/{again}/cancel", headers=admin).json()["status"] == "cancelled"
        assert client.post("/v1/jobs/job_unknown0/cancel", headers=admin).status_code == 404


def test_an_avatar_is_filmed_and_cast_under_its_own_address(gateway: TestClient) -> None:
    avatar = gateway.post("/v1/avatars", json={"person": {"seed": 7}}).json()["id"]
    mesh = gateway.post(f"/v1/avatars/{avatar}/mesh", json={"resolution": 24, "level": 1.5, "format": "obj"})
    video = gateway.post(f"/v1/avatars/{avatar}/video", json={"frames": 3, "size": 32})
    for asked, kind in ((mesh, "mesh"), (video, "video")):
        assert (asked.status_code, asked.json()["kind"]) == (202, kind), asked.text
        assert asked.headers["location"] == f"/v1/jobs/{asked.json()['id']}"
        name, data, _ = events(gateway, asked.json()["id"])[-1]
        assert name == "done", data["problem"]
    assert mesh.json()["request"]["person"] == {"id": avatar}
    assert gateway.post("/v1/avatars/av_00000000/mesh", json={}).status_code == 404
