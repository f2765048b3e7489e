"""Metrics of a gateway for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

from aetherist import __version__
from aetherist.telemetry.latency import Latency
from aetherist.telemetry.names import series

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

WAITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of times, in seconds."""

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
"""Bounds of batch sizes."""


class Metrics:
    """Everything that is counted and measured; threads may use it at once.

    Each attribute is a metric of prometheus_client: ``metrics.requests.labels("GET", "/v1/models", "200").inc()``,
    ``metrics.queue_depth.labels("interactive").set(3)``, ``metrics.latency.observe("render", 0.016)``.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered.", "method", "route", "status")
        self.request_seconds = self._times("request_seconds", "Time until a request was answered.", "method", "route")
        self.latency = Latency(self._times("stage_seconds", "Time of a stage of the work.", "stage"))
        self.queue_depth = self._gauge("queue_depth", "Work that waits.", "lane")
        self.queue_wait = self._times("queue_wait_seconds", "Time that work waited for its batch.", "lane")
        self.batch_size = self._histogram("batch_size", "Items of a batch.", SIZES, "model")
        self.cache_hits = self._counter("cache_hits", "What was found in a cache.", "cache")
        self.cache_misses = self._counter("cache_misses", "What was not.", "cache")
        self.work = self._counter("work", "Work done, by its kind: pictures, people, frames, meshes.", "model", "kind")
        self.memory = self._gauge(
            "memory_bytes", "Memory in use, by its kind: resident, gpu, planes.", "worker", "kind"
        )
        self.errors = self._counter("errors", "Problems answered, by their code.", "code")
        self.jobs = self._counter("jobs", "Jobs that reached a status.", "kind", "status")
        self.jobs_waiting = self._gauge("jobs_waiting", "Jobs in the queue.")
        self.jobs_running = self._gauge("jobs_running", "Jobs at work.")
        self.websocket_connections = self._gauge("websocket_connections", "Viewers connected.")
        self.frames = self._counter("frames", "Frames of viewers, by what became of them: sent, skipped.", "outcome")
        self.workers = self._gauge("workers_alive", "Worker processes alive.", "device")
        self.restarts = self._counter("worker_restarts", "Worker processes that died and came back.", "device")
        self.artifacts = self._gauge("artifacts_bytes", "Bytes of the artifact store.")
        self.ready = self._gauge("ready", "Whether the gateway is ready: 1 or 0.")
        self.config_changes = self._counter("config_changes", "Changes of the configuration asked for.", "outcome")
        self.info = self._gauge("build_info", "Always 1; the label tells the version.", "version")
        self.info.labels(__version__).set(1)
        ProcessCollector(namespace="aetherist", registry=self.registry)
        self.before_render: list[Callable[[], None]] = []
        """Called before the metrics are read: sets gauges that nobody keeps up to date."""

    def render(self) -> bytes:
        """Return all of it as Prometheus reads it; the media type is ``CONTENT_TYPE``."""
        for update in self.before_render:
            update()
        return generate_latest(self.registry)

    def names(self) -> set[str]:
        """Return the name of every series as queries say it: ``aetherist_requests_total``."""
        return series(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"aetherist_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"aetherist_{name}", text, labels, registry=self.registry)

    def _times(self, name: str, text: str, *labels: str) -> Histogram:
        return self._histogram(name, text, WAITS, *labels)

    def _histogram(self, name: str, text: str, bounds: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"aetherist_{name}", text, labels, buckets=bounds, registry=self.registry)
