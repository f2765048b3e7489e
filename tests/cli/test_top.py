"""``aetherist top``: what a gateway says of itself, on a terminal or once as text, and what answers instead of one."""

from __future__ import annotations

import io
import json
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from rich.console import Console

from aetherist.cli.top_view import BARS, View, bars, clock

STATE: dict[str, Any] = {
    "version": "0.1.0",
    "uptime": 700,
    "draining": False,
    "queue": {"waiting": {"interactive": 3, "background": 0}, "in_flight": 8, "clients": 2, "limit": 64},
    "throughput": 12.5,
    "latency": {"render": {"count": 64, "p50": 0.0441, "p95": 0.0849, "p99": 0.115}},
    "batch_sizes": {"1": 2, "4": 1},
    "workers": [
        {
            "device": "cuda:0",
            "pid": 71,
            "alive": True,
            "ready": True,
            "restarts": 1,
            "memory": {"resident": 300_000_000},
            "busy": {"interactive": 1},
            "models": [
                {"name": "tiny", "status": "ready", "error": None},
                {"name": "big", "status": "refused", "error": "the folder is damaged"},
            ],
        },
        {
            "device": "cuda:1",
            "pid": None,
            "alive": False,
            "ready": False,
            "restarts": 3,
            "memory": {},
            "busy": {},
            "models": [],
        },
    ],
    "memory": {"process": 317_000_000, "workers": 3e8, "machine": 25e9, "available": 17e9},
    "models": ["big", "tiny"],
    "jobs": {"queued": 0, "running": 1, "done": 4},
    "artifacts": {"bytes": 48_100_000, "quota": 10**9},
    "errors": {"counts": {}, "recent": [{"at": "2026-01-02T03:04:05Z", "code": "busy", "count": 2}]},
    "websocket_connections": 2,
    "event_streams": 1,
}


class Gateway(BaseHTTPRequestHandler):
    """Answers as a gateway that needs a key does."""

    answer: Any = STATE

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        status = {None: 401, "Bearer weak": 403}.get(given, 200 if self.path == "/v1/system" else 404)
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("AETHERIST_KEY", raising=False)
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_look_tells_what_there_is(cli, url):
    result = cli("top", url, "--key", "ak_good")
    assert (result.code, result.err) == (0, "")
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert f"{url} Aetherist 0.1.0, up 11 min, serving big, tiny" in lines
    assert "throughput 12.5/s" in lines
    assert "queue 3 interactive waiting of 64, 8 at work, 2 clients" in lines
    assert "batches 3, of 2 on average" in lines
    assert "jobs 1 running, 4 done" in lines
    assert "artifacts 48.1 MB of 1 GB" in lines
    assert "render 64 44.1 ms 84.9 ms 115 ms" in lines
    assert "cuda:0 71 300 MB 1 1 tiny, big (the folder is damaged)" in lines
    assert any(line.startswith("cuda:1 dead") for line in lines)
    assert "busy 2 2026-01-02 03:04:05" in lines
    assert not any(line != line.rstrip() for line in result.out.splitlines())


def test_one_of_something_is_said_as_one(cli, url, monkeypatch):
    def lines(**more: Any) -> list[str]:
        monkeypatch.setattr(Gateway, "answer", {**STATE, **more})
        return [" ".join(line.split()) for line in cli("top", url, "--key", "k").out.splitlines()]

    queue = {"waiting": {"interactive": 1}, "in_flight": 1, "clients": 1, "limit": 64}
    one = lines(queue=queue, event_streams=1, batch_sizes={"4": 1}, workers=STATE["workers"][:1])
    assert "queue 1 interactive waiting of 64, 1 at work, 1 client" in one
    assert "viewers 2, and 1 event stream" in one
    assert "batches 1, of 4" in one
    assert "memory 317 MB server, 300 MB worker, 17 GB of 25 GB free" in one
    several = lines(event_streams=0)
    assert "viewers 2, and 0 event streams" in several
    assert "memory 317 MB server, 300 MB workers, 17 GB of 25 GB free" in several


def test_the_key_may_come_from_the_environment(cli, url, monkeypatch):
    monkeypatch.setenv("AETHERIST_KEY", "ak_good")
    assert cli("top", url, "--once").code == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "needs a key with the scope read: --key, or AETHERIST_KEY"),
        (["--key", "weak"], "the key lacks the scope read"),
    ],
)
def test_a_key_that_does_not_do_is_said(cli, url, words, text):
    result = cli("top", url, *words)
    assert result.code == 1
    assert text in result.err


def test_what_is_no_gateway_is_said(cli, url, monkeypatch):
    for answer in (b"<html>", {"hello": 1}, [1]):
        monkeypatch.setattr(Gateway, "answer", answer)
        result = cli("top", url, "--key", "k")
        assert (result.code, result.err) == (1, f"error: {url}: what answers there is no gateway of Aetherist\n")
    assert "what answers there is no gateway" in cli("top", f"{url}/elsewhere", "--key", "k").err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["http://127.0.0.1:9"], 1, "no gateway answers there"),
        (["file:///etc/passwd"], 2, "write the URL of a gateway"),
        (["--every", "0"], 2, "between 0.1 and 3600 seconds"),
    ],
)
def test_an_address_that_cannot_be_asked_is_one_line(cli, words, code, text):
    result = cli("top", *words)
    assert result.code == code
    assert text in result.err
    assert "Traceback" not in result.err


def test_a_gateway_that_goes_away_leaves_what_was_seen_with_a_note():
    view = View("http://there")
    view.take(STATE)
    view.take({**STATE, "throughput": 25.0, "draining": True})
    view.failed("http://there: no gateway answers there (refused)")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(view.drawn())
    text = console.export_text()
    assert "no gateway answers there" in text
    assert "shutting down" in text
    assert f"25/s  {BARS[4]}{BARS[7]}" in text


def test_text_of_a_gateway_cannot_steer_the_terminal(capsys):
    view = View("http://there")
    view.take({**STATE, "version": "\x1b[2Jevil", "models": ["a\x07b"]})
    Console(width=200).print(view.drawn())
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out
    assert "\x07" not in out


def test_times_and_bars_are_for_reading():
    assert [clock(t) for t in (45, 700, 11_520, 180_000)] == ["45 s", "11 min", "3 h 12 min", "2 d 2 h"]
    assert bars(deque([1.0])) == ""
    assert bars(deque([0.0, 0.0])) == ""
