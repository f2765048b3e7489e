"""Views over a WebSocket."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

import aetherist
from aetherist.serve.engine import Encoded
from tests.serve.conftest import VIEW, Small, key, services

HELLO: dict[str, Any] = {"type": "hello", "key": None, "model": "tiny", "format": "png"}


def frame(socket: WebSocketTestSession) -> tuple[dict[str, Any], bytes]:
    data = socket.receive_bytes()
    length = int.from_bytes(data[:4], "big")
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def view(id: int, **more: Any) -> dict[str, Any]:
    return {"type": "view", "id": id, "person": {"seed": 7}, "camera": {"yaw": 0.2}, **more}


def test_it_is_small_while_it_moves_and_whole_at_rest(gateway: TestClient) -> None:
    with gateway.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        assert socket.receive_json() == {"type": "ready", "model": "tiny"}
        socket.send_json(view(1, moving=True))
        header, data = frame(socket)
        assert (header["id"], header["moving"], header["output"]) == (1, True, "raw")
        assert Image.open(io.BytesIO(data)).size == (header["width"], header["height"]) == (16, 16)
        socket.send_json(view(2))
        header, data = frame(socket)
        assert (header["id"], header["moving"], header["output"]) == (2, False, "image")
        assert header["milliseconds"] > 0
        expected = aetherist.load("tiny").avatar(seed=7).render(yaw=0.2)
        assert Image.open(io.BytesIO(data)).convert("RGB").tobytes() == expected.tobytes()


def test_the_latest_wins(gateway: TestClient) -> None:
    with gateway.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        socket.receive_json()
        for id_ in range(200):
            socket.send_json(view(id_, camera={"yaw": id_ / 500}, moving=True))
        socket.send_json(view(200))
        shown = []
        while not shown or shown[-1] != 200:
            shown.append(frame(socket)[0]["id"])
        assert shown == sorted(shown)
        assert len(shown) < 201


def test_saved_avatars_and_depth_are_shown(gateway: TestClient) -> None:
    id_ = gateway.post("/v1/avatars", json={"person": {"seed": 9}}).json()["id"]
    with gateway.websocket_connect(VIEW) as socket:
        socket.send_json({**HELLO, "format": "webp"})
        socket.receive_json()
        socket.send_json(view(1, person={"id": id_}, output="depth", moving=True))
        header, data = frame(socket)
        assert header["output"] == "depth"
        assert data[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "view", "id": "x"}, "invalid_request"),
        (view(3, person={"id": "av_none"}), "unknown_avatar"),
        (view(3, person={"seed": 1, "attributes": {"age": 1}}), "invalid_request"),
        (view(3, size=4000), "too_large"),
        (view(3, camera={"vector": [0.0] * 25}), "invalid_request"),
        ({"type": "hello"}, "invalid_request"),
    ],
)
def test_a_mistake_is_told_and_the_talk_goes_on(gateway: TestClient, message: dict[str, Any], code: str) -> None:
    with gateway.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        socket.receive_json()
        socket.send_json(message)
        told = socket.receive_json()
        assert (told["type"], told["code"]) == ("problem", code)
        assert told["id"] == (3 if message.get("id") == 3 else None)
        socket.send_json(view(4))
        assert frame(socket)[0]["id"] == 4


@pytest.mark.parametrize(
    "text", ["{", "null", "[]", '"hello"', "x" * 70_000, '{"type": "view"}', '{"type": "hello", "x": 1}']
)
def test_without_a_hello_nothing_is_said(small: Small, text: str) -> None:
    with small().websocket_connect(VIEW) as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            [socket.receive_json() for _ in range(2)]
    assert closed.value.code in (4400, 1009)


def test_bytes_are_no_message(small: Small) -> None:
    with small().websocket_connect(VIEW) as socket:
        socket.send_bytes(b"\x80\x04.")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_model_that_is_not_there_is_a_problem(small: Small) -> None:
    with small().websocket_connect(VIEW) as socket:
        socket.send_json({**HELLO, "model": "nobody"})
        assert socket.receive_json()["code"] == "unknown_model"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


@pytest.mark.parametrize("given", [None, "", "nonsense", "reader"])
def test_without_a_key_it_is_closed(small: Small, given: str | None) -> None:
    client = small(security={"keys": "required"})
    if given == "reader":
        given = key(client, "read")["Authorization"].removeprefix("Bearer ")
    with client.websocket_connect(VIEW) as socket:
        socket.send_json({**HELLO, "key": given})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4401


def test_a_key_opens_it(small: Small) -> None:
    client = small(security={"keys": "required"})
    with client.websocket_connect(VIEW) as socket:
        socket.send_json({**HELLO, "key": key(client, "generate")["Authorization"].removeprefix("Bearer ")})
        assert socket.receive_json()["type"] == "ready"
        socket.send_json(view(1))
        assert frame(socket)[1] == b"picture"


def test_so_many_may_look_at_once(small: Small) -> None:
    client = small(limits={"websocket_connections": 1})
    with client.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        socket.receive_json()
        with client.websocket_connect(VIEW) as second, pytest.raises(WebSocketDisconnect) as closed:
            second.receive_json()
        assert closed.value.code == 1013
    assert services(client).viewers == 0


def test_each_view_is_a_client_of_its_own(small: Small) -> None:
    client = small()
    for _ in range(2):
        with client.websocket_connect(VIEW) as socket:
            socket.send_json(HELLO)
            socket.receive_json()
            socket.send_json(view(1))
            frame(socket)
    first, second = (who for who, _ in services(client).engine.asked)
    assert first != second


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(gateway: TestClient) -> None:
    for _ in range(5):
        with gateway.websocket_connect(VIEW) as socket:
            socket.send_json(HELLO)
            socket.receive_json()
            for id_ in range(20):
                socket.send_json(view(id_, person={"seed": id_}, moving=id_ % 2 == 0))
    assert services(gateway).viewers == 0


def test_what_nobody_looks_at_any_more_is_given_up(small: Small) -> None:
    client = small()
    engine = services(client).engine
    given_up = []

    async def slow(work: Any, **_: Any) -> Any:
        engine.asked.append(work)
        if work.output == "raw":
            return Encoded(b"quick", "image/png", 4, 4)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            given_up.append(work)
            raise

    engine.submit = slow
    with client.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        socket.receive_json()
        socket.send_json(view(1))
        while not engine.asked:
            socket.send_text("{}")
            socket.receive_json()
        socket.send_json(view(2, moving=True))
        assert frame(socket)[0]["id"] == 2
    assert [work.output for work in given_up] == ["image"]


def test_opening_views_counts_as_requests(small: Small) -> None:
    client = small(limits={"rate": "1/hour"})
    with client.websocket_connect(VIEW) as socket:
        socket.send_json(HELLO)
        assert socket.receive_json()["type"] == "ready"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(VIEW):
        pass
