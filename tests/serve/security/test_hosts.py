"""Pages of elsewhere: names that are pointed here, and requests that are sent from there."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.serve.conftest import VIEW, Small


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_loopback_names_are_answered(small: Small, host: str) -> None:
    assert small().get("/v1/session", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[", "localhost.evil.example"]
)
@pytest.mark.parametrize("path", ["/", "/v1/session", "/healthz"])
def test_a_name_that_was_pointed_at_loopback_is_not(small: Small, host: str, path: str) -> None:
    answer = small().get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "misdirected"


def test_off_loopback_any_name_is_answered(small: Small) -> None:
    assert small(server={"host": "0.0.0.0"}).get("/v1/session", headers={"Host": "avatars.example"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9000", "http://127.0.0.1", "file://", "x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(small: Small, origin: str, method: str) -> None:
    answer = small().request(method, "/v1/generate", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_origin_is_not(small: Small) -> None:
    headers = {"Origin": "http://127.0.0.1:8000"}
    assert small().post("/v1/generate", json={"seeds": "1"}, headers=headers).status_code == 200


def test_without_origins_that_are_named_no_page_of_elsewhere_is_let_in(small: Small) -> None:
    answer = small().options(
        "/v1/generate", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_origins_that_are_named_are_let_in(small: Small) -> None:
    client = small(security={"cors_origins": ["https://a.example"]})
    headers = {"Origin": "https://a.example"}
    before = client.options("/v1/generate", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert before.status_code == 200
    answer = client.post("/v1/generate", json={"seeds": "1"}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    refused = client.post("/v1/generate", json={"seeds": "x"}, headers=headers)
    assert refused.status_code == 422
    assert refused.headers["access-control-allow-origin"] == "https://a.example"
    keyless = client.get("/v1/models", headers={**headers, "X-API-Key": "wrong"})
    assert keyless.status_code == 401
    assert keyless.headers["access-control-allow-origin"] == "https://a.example"
    assert client.post("/v1/generate", json={}, headers={"Origin": "https://b.example"}).status_code == 403


def test_a_view_from_another_origin_is_closed(small: Small) -> None:
    view = small().websocket_connect(VIEW, headers={"Origin": "http://evil.example"})
    with view as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    assert closed.value.code == 4403


def test_a_view_under_another_name_is_not_even_opened(small: Small) -> None:
    with pytest.raises(WebSocketDisconnect), small().websocket_connect("ws://evil.example/v1/view"):
        pass
