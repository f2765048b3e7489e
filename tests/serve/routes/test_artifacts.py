"""Artifacts: whole, in parts, and under signed names."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import Small, key, services

DATA = bytes(range(256)) * 40
DIGEST = hashlib.sha256(DATA).hexdigest()


def put(client: TestClient, media_type: str = "model/gltf-binary", name: str | None = "head.glb") -> str:
    return f"/v1/artifacts/{services(client).storage.artifacts.put(DATA, media_type, name).digest}"


def test_all_of_it_is_fetched(small: Small) -> None:
    client = small()
    answer = client.get(put(client))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.headers["content-disposition"] == 'attachment; filename="head.glb"'
    assert answer.headers["etag"] == f'"{DIGEST}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert "immutable" in answer.headers["cache-control"]
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("range_", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=10000-", 10000, 10240), ("bytes=-40", 10200, 10240)]
)
def test_a_part_of_it_is_fetched(small: Small, range_: str, start: int, end: int) -> None:
    client = small()
    answer = client.get(put(client), headers={"Range": range_})
    assert answer.status_code == 206
    assert answer.content == DATA[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/10240"
    assert answer.headers["content-length"] == str(end - start)


def test_a_part_that_is_not_there_is_refused(small: Small) -> None:
    client = small()
    answer = client.get(put(client), headers={"Range": "bytes=10240-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10240"
    assert answer.json()["code"] == "range_not_satisfiable"


def test_a_part_of_what_it_no_longer_is_is_all_of_it(small: Small) -> None:
    client = small()
    path = put(client)
    assert client.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-9", "If-Range": f'"{DIGEST}"'}).status_code == 206


def test_who_has_it_is_told_so(small: Small) -> None:
    client = small()
    assert client.get(put(client), headers={"If-None-Match": f'"{DIGEST}"'}).status_code == 304


def test_its_size_is_told_without_it(small: Small) -> None:
    client = small()
    answer = client.head(put(client))
    assert answer.status_code == 200
    assert answer.headers["content-length"] == "10240"
    assert not answer.content


def test_a_picture_is_shown_and_anything_else_is_saved(small: Small) -> None:
    client = small()
    assert client.get(put(client, "image/png")).headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize("digest", ["0" * 64, "0" * 63, "A" * 64, "..%2f" + "0" * 59, "%2e%2e", "0" * 64 + "%00"])
def test_what_is_not_there_is_not_found(small: Small, digest: str) -> None:
    assert small().get(f"/v1/artifacts/{digest}").status_code == 404


def test_a_name_adds_no_header(small: Small) -> None:
    client = small()
    answer = client.get(put(client), params={"name": '../a"\r\nSet-Cookie: x=1'})
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].startswith('attachment; filename="a_Set-Cookie_ x_1"')


def test_damage_is_told_and_nothing_of_it_is_given(small: Small) -> None:
    client = small()
    path = put(client)
    folder = services(client).config.current.server.data_folder / "artifacts"
    (file,) = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size == len(DATA)]
    file.write_bytes(DATA[:-1] + b"x")
    answer = client.get(path)
    assert answer.status_code == 500
    assert answer.json()["code"] == "damaged_artifact"
    assert str(folder) not in answer.text


KEYS: dict[str, Any] = {"security": {"keys": "required", "signing_seconds": 60}}


def test_without_a_key_a_signed_name_is_needed(small: Small) -> None:
    client = small(**KEYS)
    path = put(client)
    assert client.get(path).status_code == 401
    assert client.get(path, headers=key(client, "read")).status_code == 200
    signed = client.post(f"{path}/sign", json={"name": "my head.glb"}, headers=key(client, "read")).json()["url"]
    answer = client.get(signed)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="my head.glb"'
    assert client.head(signed).status_code == 200


def test_a_signed_name_that_was_changed_is_refused(small: Small) -> None:
    client = small(**KEYS)
    signed = client.post(f"{put(client)}/sign", json={"name": "a"}, headers=key(client, "read")).json()["url"]
    other = f"/v1/artifacts/{services(client).storage.artifacts.put(b'other', 'text/plain').digest}"
    for wrong in (
        signed.replace("name=a", "name=b"),
        signed.replace("expires=1", "expires=2"),
        signed[:-1],
        signed.replace(f"/v1/artifacts/{DIGEST}", other),
        signed.split("&signature")[0] + "&signature=",
    ):
        answer = client.get(wrong)
        assert answer.status_code == 403, wrong
        assert answer.json()["code"] == "forbidden"


def test_a_signed_name_holds_no_longer_than_the_server_allows(small: Small) -> None:
    client = small(**KEYS)
    answer = client.post(f"{put(client)}/sign", json={"seconds": 600000}, headers=key(client, "read"))
    expires = int(answer.json()["url"].split("expires=")[1].split("&")[0])
    assert expires - services(client).started < 120


def test_names_are_signed_for_those_with_a_key(small: Small) -> None:
    client = small(**KEYS)
    assert client.post(f"{put(client)}/sign", json={}).status_code == 401
    assert client.post(f"/v1/artifacts/{'0' * 64}/sign", json={}, headers=key(client, "read")).status_code == 404
