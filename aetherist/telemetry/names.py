"""The names of series, as queries of Prometheus say them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def series(registry: CollectorRegistry) -> set[str]:
    """Return the name of every series of a registry, also of those that have no values yet."""
    return {f"{family.name}{end}" for family in registry.collect() for end in SUFFIXES.get(family.type, ("",))}
