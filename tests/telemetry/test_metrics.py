"""Metrics: counted by many threads at once, in a registry of their own, with percentiles of what was lately."""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from aetherist import __version__
from aetherist.telemetry import Metrics
from aetherist.telemetry.latency import KEPT, Latency


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_every_series_begins_with_aetherist_and_prometheus_reads_all_of_it() -> None:
    metrics = Metrics()
    metrics.requests.labels("GET", "/v1/models", "200").inc()
    metrics.latency.observe("render", 0.02)
    families = list(text_string_to_metric_families(metrics.render().decode()))
    assert len(families) > 20
    assert all(family.name.startswith("aetherist_") for family in families)
    assert all(family.documentation for family in families)
    assert all(name.startswith("aetherist_") for name in metrics.names())
    assert {"aetherist_requests_total", "aetherist_stage_seconds_bucket", "aetherist_queue_depth"} <= metrics.names()


def test_servers_of_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.errors.labels("busy").inc()
    assert value(one, "aetherist_errors_total", code="busy") == 1
    assert value(other, "aetherist_errors_total", code="busy") is None


def test_the_version_is_a_label() -> None:
    assert value(Metrics(), "aetherist_build_info", version=__version__) == 1


def test_threads_lose_no_count() -> None:
    metrics = Metrics()

    def work() -> None:
        for _ in range(500):
            metrics.work.labels("tiny", "pictures").inc(2)
            metrics.latency.observe("render", 0.001)
            metrics.latency.percentiles()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(metrics, "aetherist_work_total", model="tiny", kind="pictures") == 4000
    assert value(metrics, "aetherist_stage_seconds_count", stage="render") == 2000
    assert metrics.latency.percentiles()["render"].count == min(2000, KEPT)


def test_gauges_may_be_set_just_before_they_are_read() -> None:
    metrics = Metrics()
    metrics.before_render.append(lambda: metrics.queue_depth.labels("interactive").set(7))
    assert b'aetherist_queue_depth{lane="interactive"} 7.0' in metrics.render()


def test_percentiles_are_those_of_the_recent_times() -> None:
    now = [0.0]
    latency = Latency(Histogram("seconds", "", ("stage",), registry=CollectorRegistry()), clock=lambda: now[0])
    latency.observe("render", 100.0)
    now[0] = 1000.0
    for number in range(1, 101):
        latency.observe("render", number / 100)
    found = latency.percentiles(window=300)["render"]
    assert (found.count, found.p50, found.p95, found.p99) == (100, 0.51, 0.96, 1.0)
    now[0] = 2000.0
    assert latency.percentiles(window=300) == {}
