"""How a server is doing, over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from aetherist import __version__
from aetherist.serve.routes import system
from tests.serve.conftest import services
from tests.serve.following import follow


def test_it_tells_of_the_queue_the_workers_and_the_latencies(gateway: TestClient) -> None:
    gateway.post("/v1/generate", json={"seeds": "0-1"})
    gateway.get("/v1/models/nobody")
    facts = gateway.get("/v1/system").json()
    assert facts["version"] == __version__
    (worker,) = facts["workers"]
    assert (worker["device"], worker["alive"], worker["ready"]) == ("cpu", True, True)
    assert facts["models"] == ["tiny"]
    assert facts["latency"]["render"]["count"] >= 2
    assert facts["latency"]["render"]["p50"] <= facts["latency"]["render"]["p99"]
    assert facts["memory"]["process"] > 2**20
    assert facts["memory"]["workers"] == worker["memory"]["resident"] > 2**20
    assert set(facts["jobs"]) == {"queued", "running", "done", "failed", "cancelled"}
    assert facts["errors"]["counts"]["unknown_model"] >= 1
    assert facts["errors"]["recent"][0]["code"] in facts["errors"]["counts"]
    assert facts["artifacts"]["quota"] is None


def test_it_is_told_each_second(gateway: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "EVERY", 0.01)
    heard: list[Any] = []

    def next_(name: str, data: Any, _: str | None) -> bool:
        heard.append((name, data))
        return len(heard) == 3

    portal: Any = gateway.portal
    portal.call(follow, gateway.app, "/v1/system/events", next_)
    assert [name for name, _ in heard] == ["system"] * 3
    assert heard[0][1]["at"] < heard[2][1]["at"]
    assert heard[0][1]["event_streams"] == 1
    assert services(gateway).jobs.streams.count == 0
