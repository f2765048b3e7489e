"""Traces: nothing unless configured; then a span a stage, below its request, also across processes."""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aetherist.telemetry import (
    Metrics,
    Stages,
    add_span,
    configure_traces,
    continued,
    span,
    stop_traces,
    trace_context,
)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    configure_traces(exporter=exporter)
    yield exporter
    stop_traces()


def test_without_traces_spans_are_nothing() -> None:
    with span("work", model="tiny") as current:
        assert current is None
        assert trace_context() == {}
    with continued({"traceparent": "00-1-2-01"}):
        add_span("late", 0, 1)


def test_spans_stand_below_each_other_with_their_attributes(spans: InMemorySpanExporter) -> None:
    with span("request", model="tiny", size=None, camera=(0, 1)), span("render", batch=4):
        pass
    render, request = spans.get_finished_spans()
    assert render.parent is not None
    assert render.parent.span_id == request.context.span_id
    assert dict(request.attributes or {}) == {"model": "tiny", "camera": "(0, 1)"}
    assert dict(render.attributes or {}) == {"batch": 4}
    assert request.resource.attributes["service.name"] == "aetherist"


def test_an_error_is_noted_on_its_span(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="broken"), span("render"):
        raise ValueError("broken")
    (failed,) = spans.get_finished_spans()
    assert not failed.status.is_ok
    assert failed.events[0].name == "exception"


def test_a_span_goes_on_in_another_process(spans: InMemorySpanExporter) -> None:
    with span("request"):
        carrier = trace_context()
    with continued(carrier), span("work"):
        pass
    request, work = spans.get_finished_spans()
    assert carrier.keys() == {"traceparent"}
    assert work.parent is not None
    assert (work.parent.span_id, work.context.trace_id) == (request.context.span_id, request.context.trace_id)


def test_stages_go_into_metrics_and_spans(spans: InMemorySpanExporter) -> None:
    metrics = Metrics()
    stages = Stages(metrics)
    with stages("decode", model="tiny"):
        pass
    with stages("decode"):
        pass
    assert stages.seconds.keys() == {"decode"}
    assert [found.name for found in spans.get_finished_spans()] == ["decode", "decode"]
    assert metrics.registry.get_sample_value("aetherist_stage_seconds_count", {"stage": "decode"}) == 2


def test_stages_that_a_worker_measured_are_laid_one_after_another(spans: InMemorySpanExporter) -> None:
    before = time.time_ns()
    stages = Stages(Metrics())
    with span("request"):
        stages.take({"map": 0.25, "render": 0.5})
    found = {one.name: one for one in spans.get_finished_spans()}
    render, mapped = found["render"], found["map"]
    assert (render.end_time or 0) >= before
    assert (render.end_time or 0) - (render.start_time or 0) == 500_000_000
    assert mapped.end_time == render.start_time
    assert stages.seconds == {"map": 0.25, "render": 0.5}


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install 'aetherist\[telemetry\]'"):
        configure_traces("http://localhost:4318/v1/traces")


def test_a_collector_that_is_away_harms_nobody() -> None:
    configure_traces("http://127.0.0.1:9/v1/traces")
    with span("request"):
        pass
    stop_traces()
