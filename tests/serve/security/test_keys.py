"""Who may ask what: keys, their scopes and their rates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.serve.conftest import VIEW, Small, key, services

KEYS = {"security": {"keys": "required"}}


def test_without_keys_this_machine_may_do_everything(small: Small) -> None:
    said = small().get("/v1/session").json()
    assert said["keys_required"] is False
    assert said["caller"] == {"scopes": ["admin", "generate", "read"]}


def test_the_session_says_that_a_key_is_needed_to_those_without_one(small: Small) -> None:
    said = small(**KEYS).get("/v1/session").json()
    assert said["keys_required"] is True
    assert said["caller"] is None


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/avatars", "/v1/jobs", "/v1/system", "/v1/usage", "/metrics", "/v1/x"]
)
def test_without_a_key_nothing_is_told(small: Small, path: str) -> None:
    answer = small(**KEYS).get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"


def test_a_key_off_this_machine_is_required_by_itself(small: Small) -> None:
    client = small(server={"host": "0.0.0.0"})
    assert client.get("/v1/models").status_code == 401


def test_a_key_opens_in_either_header(small: Small) -> None:
    client = small(**KEYS)
    header = key(client, "read")
    assert client.get("/v1/recipes", headers=header).status_code == 200
    secret = header["Authorization"].removeprefix("Bearer ")
    assert client.get("/v1/recipes", headers={"X-API-Key": secret}).status_code == 200


def test_forged_and_revoked_keys_are_refused(small: Small) -> None:
    client = small(**KEYS)
    row, secret = services(client).storage.keys.create("test", ["read"])
    forged = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    for wrong in (forged, "ak_0_0", "x" * 10_000, "ak_" + "0" * 12 + "_" + "0" * 43):
        assert client.get("/v1/recipes", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    assert client.get("/v1/recipes", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    services(client).storage.keys.revoke(row.id)
    assert client.get("/v1/recipes", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_wrong_key_is_refused_even_where_none_is_needed(small: Small) -> None:
    assert small().get("/v1/session", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_a_scope_implies_the_lesser_ones_only(small: Small) -> None:
    client = small(**KEYS)
    body = {"people": [{"seed": 1}]}
    reader, maker = key(client, "read"), key(client, "generate")
    refused = client.post("/v1/generate", json=body, headers=reader)
    assert refused.status_code == 403
    assert refused.json()["code"] == "forbidden"
    assert client.post("/v1/generate", json=body, headers=maker).status_code == 200
    assert client.get("/v1/avatars", headers=maker).status_code == 200
    assert client.get("/v1/session", headers=maker).json()["caller"] == {"scopes": ["generate", "read"]}


def test_no_body_is_read_of_those_without_a_key(small: Small) -> None:
    def body() -> Iterator[bytes]:
        yield b"{" * 100

    answer = small(**KEYS).post("/v1/generate", content=body(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 401  # and not 400, for what is no JSON


def test_a_rate_is_kept_by_each_client_and_says_when_to_come_back(small: Small) -> None:
    client = small(**KEYS, limits={"rate": "3/minute"})
    first, second = key(client, "read"), key(client, "read")
    answers = [client.get("/v1/recipes", headers=first) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert client.get("/v1/recipes", headers=second).status_code == 200


def test_a_rate_of_a_key_has_precedence(small: Small) -> None:
    client = small(**KEYS)
    slow = key(client, "read", rate="1/hour")
    assert client.get("/v1/recipes", headers=slow).status_code == 200
    assert client.get("/v1/recipes", headers=slow).status_code == 429


def test_a_rate_changes_while_the_gateway_runs(small: Small) -> None:
    client = small(limits={"rate": "1/hour"})
    assert client.get("/v1/recipes").status_code == 200
    assert client.get("/v1/recipes").status_code == 429
    services(client).config.change({"limits.rate": "100/minute"}, by="test")
    assert client.get("/v1/recipes").status_code == 200


def test_guessing_keys_is_slowed_down(small: Small) -> None:
    client = small(**KEYS, limits={"rate": "2/minute"})
    wrong = {"Authorization": "Bearer ak_000000000000_" + "0" * 43}
    assert [client.get("/v1/recipes", headers=wrong).status_code for _ in range(3)] == [401, 401, 429]


def test_guessing_keys_over_websockets_is_slowed_down(small: Small) -> None:
    client = small(**KEYS, limits={"rate": "2/minute"})

    def guess() -> None:
        with client.websocket_connect(VIEW) as socket:
            socket.send_json({"type": "hello", "model": "tiny", "key": "ak_000000000000_" + "0" * 43})
            socket.receive_json()

    for code in (4401, 4401, 1008):
        with pytest.raises(WebSocketDisconnect) as closed:
            guess()
        assert closed.value.code == code
