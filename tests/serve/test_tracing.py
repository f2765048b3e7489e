"""A span for each request, named by its route, below its caller's, and around what is done for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from aetherist.serve.tracing import Traced
from aetherist.telemetry import Stages, configure_traces, stop_traces

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/v1/models/{model}")
    async def model(model: str) -> dict[str, str]:
        Stages().take({"render": 0.01})
        return {"name": model}

    return TestClient(Traced(app))


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    configure_traces(exporter=exporter)
    yield exporter
    stop_traces()


def test_a_request_is_a_span_with_the_stages_of_its_work_below_it(
    client: TestClient, spans: InMemorySpanExporter
) -> None:
    assert client.get("/v1/models/tiny", headers={"traceparent": CALLER}).json() == {"name": "tiny"}
    render, request = spans.get_finished_spans()
    assert (render.name, request.name) == ("render", "GET /v1/models/{model}")
    assert render.parent is not None
    assert render.parent.span_id == request.context.span_id
    assert request.parent is not None
    assert f"{request.parent.span_id:x}" == CALLER.split("-")[2]
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert (request.attributes or {})["http.route"] == "/v1/models/{model}"


def test_without_traces_requests_are_answered_as_they_are(client: TestClient) -> None:
    assert client.get("/v1/models/tiny").json() == {"name": "tiny"}
    assert client.get("/nowhere").status_code == 404
