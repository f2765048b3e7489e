"""Bodies: how large they may be, and of what type."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serve.conftest import Small, services

JSON = {"Content-Type": "application/json"}
SMALL = {"limits": {"body_bytes": 1000}}


def test_a_body_that_says_it_is_too_large_is_refused_unread(small: Small) -> None:
    answer = small(**SMALL).post("/v1/generate", content=b" " * 1001, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert "1000" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/generate", "/v1/avatars/file"])
def test_a_body_that_does_not_say_is_cut_off_where_it_grows_too_large(small: Small, path: str) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(50):
            yield b"[" * 100

    type_ = JSON if path == "/v1/generate" else {"Content-Type": "application/octet-stream"}
    answer = small(**SMALL).post(path, content=parts(), headers=type_)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_of_the_greatest_size_is_read(small: Small) -> None:
    body = b'{"seeds": "1"}'
    answer = small(**SMALL).post("/v1/generate", content=body + b" " * (1000 - len(body)), headers=JSON)
    assert answer.status_code == 200


def test_the_cap_changes_while_the_gateway_runs(small: Small) -> None:
    client = small(**SMALL)
    services(client).config.change({"limits.body_bytes": 5000}, by="test")
    assert client.post("/v1/generate", content=b" " * 2000, headers=JSON).status_code == 400


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(small: Small, length: str) -> None:
    headers = {**JSON, "Content-Length": length}
    assert small(**SMALL).post("/v1/generate", content=b"{}", headers=headers).status_code in (400, 413)


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_form_of_another_page_is_no_request(small: Small, type_: str) -> None:
    answer = small().post("/v1/generate", content=b'{"seeds": "1"}', headers={"Content-Type": type_})
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_json_with_parameters_is_json(small: Small) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert small().post("/v1/generate", content=b'{"seeds": "1"}', headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"seeds": "1", "seeds": }', b"null", b"[]", b'{"seeds": 1e999}']
)
def test_what_cannot_be_read_is_refused(small: Small, body: bytes) -> None:
    answer = small().post("/v1/generate", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
