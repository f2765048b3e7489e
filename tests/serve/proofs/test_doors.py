"""Who may come in, by which name, with which key, from which page; and what browsers are told."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.serve.proofs.problems import is_problem
from tests.serve.proofs.raw import request, said
from tests.serve.proofs.serving import Served

Guarded = tuple[Served, dict[str, str]]

HELLO = json.dumps({"type": "hello", "model": "tiny"})
REBOUND = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example:80",
    "127.0.0.1@evil.example",
    "",
    "[::ffff:8.8.8.8]",
    "0x7f.evil",
]
IDS = {"/avatars/": "av_01jq7f3n5w", "/jobs/": "job_01jq7f3n5w"}
BAD_KEYS = [
    "ak_000000000000_" + "0" * 43,
    "ak_",
    "x",
    "0" * 10_000,
    "' OR 1=1 --",
    "ak_%00_" + "0" * 43,
    "null",
]


@contextlib.contextmanager
def view(served: Served, **headers: str) -> Iterator[ClientConnection]:
    url = served.url.replace("http", "ws") + "/v1/view"
    with connect(url, additional_headers=headers, max_size=2**24, proxy=None) as socket:
        yield socket


def code(socket: ClientConnection) -> int | None:
    """Return the code that a connection is closed with, after what is told before."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(60)
    return socket.close_code


# Names and headers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", REBOUND)
def test_a_name_that_was_pointed_here_is_not_answered_to(served: Served, host: str) -> None:
    answer = said(served, request("GET", "/v1/session", [f"Host: {host}"]))
    assert answer.status == 421, answer.text
    assert said(served, request("GET", "/", [f"Host: {host}"])).status == 421, "nor with the studio"


def test_a_request_without_a_name_or_with_two_is_not_answered(served: Served) -> None:
    assert said(served, b"GET /v1/session HTTP/1.1\r\nConnection: close\r\n\r\n").status in (400, 421)
    for two in (["Host: evil.example", "Host: localhost"], ["Host: localhost", "Host: evil.example"]):
        assert said(served, request("GET", "/v1/session", two)).status == 400


def test_the_rebound_name_of_a_websocket_is_not_answered_to(served: Served) -> None:
    asked = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
    start = b"GET /v1/view HTTP/1.1\r\nConnection: Upgrade\r\n" + "\r\n".join(asked).encode()
    assert said(served, start + b"\r\nHost: evil.example\r\n\r\n").status == 403
    for two in (b"Host: localhost\r\nHost: evil.example", b"Host: evil.example\r\nHost: localhost"):
        assert said(served, start + b"\r\n" + two + b"\r\n\r\n").status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost:1"]
)
def test_a_page_of_another_site_is_refused(served: Served, origin: str) -> None:
    body = {"values": {"limits.queue": 1}}
    is_problem(served.client.patch("/v1/admin/config", json=body, headers={"Origin": origin}), "forbidden")
    asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    answer = served.client.options("/v1/admin/config", headers=asked)
    assert answer.status_code >= 400
    assert "access-control-allow-origin" not in answer.headers
    with view(served, Origin=origin) as socket:
        assert code(socket) == 4403


@pytest.mark.parametrize("given", ["a b", "x" * 65, "a;b", "<script>", "\u00e9", "a\tb", ""])
def test_an_id_that_is_none_is_not_repeated(served: Served, given: str) -> None:
    answer = said(served, request("GET", "/v1/session", [f"X-Request-ID: {given}"]))
    assert answer.status == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize("line", ["X-A: b\r\n folded", "X-A: b\nX-B: c\rd", "X A: b", "X-\0: b", ": b"])
def test_lines_of_headers_that_are_none_are_refused(served: Served, line: str) -> None:
    answer = said(served, request("GET", "/v1/session", [line]))
    assert answer.status in (200, 400)
    assert "x-b" not in answer.headers


def test_nothing_that_is_asked_becomes_a_header(served: Served) -> None:
    made = served.client.post("/v1/generate", json={"seeds": "1", "output": "raw"}).json()["items"][0]["artifact"]
    for name in ("a%0d%0aX-Evil:%201", "a%0aX-Evil:%201", "a%22;%20x=%22", "%e5%98%8a%e5%98%8dX-Evil:1"):
        answer = said(served, request("GET", f"/v1/artifacts/{made['digest']}?name={name}"))
        assert answer.status == 200
        assert "x-evil" not in answer.headers
    answer = said(served, request("GET", "/v1/avatars?before=av_%0d%0aX-Evil:1"))
    assert answer.status == 422
    assert "x-evil" not in answer.headers


def test_the_studio_runs_its_own_scripts_alone(served: Served) -> None:
    for path in ("/", "/graph", "/runs", "/system"):
        answer = served.client.get(path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|javascript:", answer.text), "a script inline"
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text), "something from elsewhere"


@pytest.mark.parametrize("target", ["http://evil.example/v1/session", "*", "//evil.example/v1/session", "v1/session"])
def test_a_target_of_another_form_is_no_way_round(served: Served, target: str) -> None:
    assert said(served, request("GET", target)).status in (200, 400, 404, 421)
    assert said(served, request("GET", target, ["Host: evil.example"])).status in (400, 421)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PUT"])
def test_methods_that_nothing_takes_are_refused(served: Served, method: str) -> None:
    assert said(served, request(method, "/v1/session")).status in (400, 405)


# Keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_none_opens_nothing(guarded: Guarded, key: str) -> None:
    server, _ = guarded
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        for path in ("/v1/models", "/v1/admin/keys", "/metrics", "/v1/session"):
            is_problem(server.client.get(path, headers=headers), "unauthenticated")
    with view(server) as socket:
        socket.send(json.dumps({"type": "hello", "model": "tiny", "key": key}))
        assert code(socket) in (4400, 4401)


def test_keys_that_are_nearly_right_or_were_revoked_open_nothing(guarded: Guarded) -> None:
    server, keys = guarded
    good = keys["admin"]
    other = good.rsplit("_", 1)[0] + "_" + keys["read"].rsplit("_", 1)[1]
    for key in (
        keys["revoked"],
        good[:-1],
        good + "0",
        good.swapcase(),
        other,
        good[:-1] + ("0" if good[-1] != "0" else "1"),
    ):
        answer = server.client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
        is_problem(answer, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert key not in answer.text
    for key in keys.values():
        assert key not in server.log.read_text(encoding="utf-8"), "the log knows no keys"


def test_a_key_in_the_address_is_no_key(guarded: Guarded) -> None:
    server, keys = guarded
    for name in ("key", "api_key", "access_token", "token"):
        is_problem(server.client.get("/v1/models", params={name: keys["admin"]}), "unauthenticated")


def test_every_operation_asks_for_the_scope_that_it_needs(guarded: Guarded) -> None:
    server, keys = guarded
    document = server.client.get("/openapi.json").json()["paths"]
    asked = 0
    for template, operations in document.items():
        some = {"format": "png", "seed": "1", "digest": "0" * 64}
        some["id"] = next((id_ for part, id_ in IDS.items() if part in template), "x")
        path = re.sub(r"\{(\w+)\}", lambda found, some=some: some.get(found[1], "x"), template)
        for method in operations:
            if not template.startswith("/v1/") or template == "/v1/session":
                continue
            bare = server.client.request(method, path)
            assert bare.status_code == 401, (method, template)
            if template.startswith("/v1/admin"):
                lesser = {"Authorization": f"Bearer {keys['generate']}"}
                assert server.client.request(method, path, headers=lesser).status_code == 403, (method, template)
            elif method in ("post", "patch", "delete") and not template.endswith(("/check", "/sign")):
                lesser = {"Authorization": f"Bearer {keys['read']}"}
                assert server.client.request(method, path, headers=lesser).status_code == 403, (method, template)
            asked += 1
    assert asked > 40


@pytest.mark.parametrize(
    ("scope", "method", "path", "body", "expected"),
    [
        ("read", "POST", "/v1/generate", {"seeds": "1"}, 403),
        ("read", "POST", "/v1/avatars", {"person": {"seed": 1}}, 403),
        ("read", "POST", "/v1/jobs", {"kind": "generate", "seeds": "1"}, 403),
        ("read", "GET", "/v1/models/tiny/seeds/1.png", None, 403),
        ("read", "GET", "/v1/models", None, 200),
        ("generate", "POST", "/v1/generate", {"seeds": "1", "output": "raw"}, 200),
        ("generate", "GET", "/v1/admin/config", None, 403),
        ("generate", "PATCH", "/v1/admin/config", {"values": {"limits.queue": 1}}, 403),
        ("generate", "POST", "/v1/admin/keys", {"name": "mine", "scopes": ["admin"]}, 403),
        ("admin", "GET", "/v1/admin/keys", None, 200),
    ],
)
def test_a_key_allows_what_its_scope_says(
    guarded: Guarded, scope: str, method: str, path: str, body: Any, expected: int
) -> None:
    server, keys = guarded
    answer = server.client.request(method, path, json=body, headers={"Authorization": f"Bearer {keys[scope]}"})
    assert answer.status_code == expected, answer.text


def test_a_key_that_is_revoked_ends_at_once(guarded: Guarded) -> None:
    server, keys = guarded
    admin = {"Authorization": f"Bearer {keys['admin']}"}
    made = server.client.post("/v1/admin/keys", json={"name": "short", "scopes": ["read"]}, headers=admin).json()
    mine = {"Authorization": f"Bearer {made['secret']}"}
    assert server.client.get("/v1/models", headers=mine).status_code == 200
    assert server.client.delete(f"/v1/admin/keys/{made['id']}", headers=admin).status_code == 200
    is_problem(server.client.get("/v1/models", headers=mine), "unauthenticated")


def test_what_needs_no_key_tells_nothing(guarded: Guarded) -> None:
    server, keys = guarded
    for path in ("/healthz", "/readyz", "/v1/session", "/openapi.json", "/"):
        answer = server.client.get(path)
        assert answer.status_code == 200
        assert str(server.folder) not in answer.text
        assert not any(key in answer.text for key in keys.values())


# Views ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [None, "read", "revoked"])
def test_a_view_without_a_key_that_generates_is_closed(guarded: Guarded, scope: str | None) -> None:
    server, keys = guarded
    with view(server) as socket:
        socket.send(json.dumps({"type": "hello", "model": "tiny", **({"key": keys[scope]} if scope else {})}))
        assert code(socket) == 4401


def test_a_view_with_a_key_is_shown(guarded: Guarded) -> None:
    server, keys = guarded
    with view(server) as socket:
        socket.send(json.dumps({"type": "hello", "model": "tiny", "key": keys["generate"]}))
        assert json.loads(socket.recv(60))["type"] == "ready"
        socket.send(json.dumps({"type": "view", "id": 1, "person": {"seed": 1}, "moving": True}))
        assert isinstance(socket.recv(60), bytes)


@pytest.mark.parametrize(
    "message",
    [
        "x" * 300_000,
        b"\0" * 100,
        "[" * 60_000,
        '{"type":"view","id":1,"person":{"mix":' + "[" * 20_000,
        "\ud7ff" * 60_000,
        "",
    ],
    ids=["long", "bytes", "lists", "mixes", "letters", "nothing"],
)
def test_what_is_no_message_ends_the_talk_or_is_told(served: Served, message: str | bytes) -> None:
    with view(served) as socket:
        socket.send(HELLO)
        assert json.loads(socket.recv(60))["type"] == "ready"
        told = None
        with contextlib.suppress(ConnectionClosed):
            socket.send(message)
            told = json.loads(socket.recv(60))
        assert (told["status"] in (400, 422)) if told else (socket.close_code in (1009, 4400))
    assert served.healthy()
