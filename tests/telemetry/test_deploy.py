"""The dashboard and the alert rules ask for metrics and labels that there are, in queries that parse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from aetherist.serve.problems import KINDS
from aetherist.telemetry import Metrics
from aetherist.telemetry.names import SUFFIXES

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "aetherist.json").read_text(encoding="utf-8"))
ALERTS = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SHOWN = {f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
ALARMED = {rule["alert"]: rule["expr"] for rule in ALERTS}
QUERIES = {**SHOWN, **ALARMED, "annotation": DASHBOARD["annotations"]["list"][0]["expr"]}
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}
SCRAPED = {"instance", "job", "le"}
"""Labels that Prometheus adds."""


def labels() -> dict[str, set[str]]:
    """Return the labels of every series."""
    metrics = Metrics()
    found: dict[str, set[str]] = {"up": set()}
    for attribute in vars(metrics).values():
        metric = getattr(attribute, "histogram", attribute)
        for name, kind in ((getattr(metric, "_name", ""), getattr(metric, "_type", "")),):
            for suffix in SUFFIXES.get(kind, ()):
                found[f"{name}{suffix}"] = set(metric._labelnames)
    found |= {name: set() for name in metrics.names() - set(found)}
    return found


LABELS = labels()


def parsed(query: str) -> Any:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return promql_parser.parse(query)


def selectors(node: Any) -> Iterator[Any]:
    """Yield what a query reads."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "param"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str | int | float):
            yield from selectors(inner)
    for inner in getattr(node, "args", None) or ():
        yield from selectors(inner)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_queries_ask_for_metrics_and_labels_that_there_are(query: str) -> None:
    read = list(selectors(parsed(query)))
    named = set(re.findall(r"\b(?:aetherist_\w+|up)\b", query))
    assert {selector.name for selector in read} == named
    assert named <= set(LABELS)
    known = SCRAPED | set.union(*(LABELS[selector.name] for selector in read))
    for selector in read:
        assert {matcher.name for matcher in selector.matchers.matchers} <= LABELS[selector.name] | SCRAPED
    for group in re.findall(r"\bby \(([^)]*)\)", query):
        assert {name.strip() for name in group.split(",")} <= known


def test_every_metric_is_shown() -> None:
    text = " ".join(SHOWN.values())
    unseen = {name for name in LABELS if not name.endswith(("_count", "_sum")) and name not in text}
    aside = {"up", "aetherist_config_changes_total", "aetherist_process_start_time_seconds"}
    assert unseen - aside == {"aetherist_batch_size_bucket", "aetherist_process_virtual_memory_bytes"}


def test_legends_name_labels_that_the_query_leaves() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            for name in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                assert re.search(rf"\bby \([^)]*\b{name}\b", target["expr"]) or name == "instance", panel["title"]


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert all(panel["description"] for panel in PANELS)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_alerts_name_codes_that_there_are_and_say_what_they_mean() -> None:
    assert len(ALARMED) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")
        for codes in re.findall(r'code=~?"([^"]+)"', rule["expr"]):
            assert set(codes.split("|")) <= set(KINDS), rule["alert"]


def test_the_page_explains_every_alert_and_every_metric() -> None:
    page = (DEPLOY.parent / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in ALARMED)
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in LABELS if name.startswith("aetherist_")}
    assert not [name for name in bases if f"`{name}`" not in page and "_process_" not in name]


def test_prometheus_reads_the_rules_beside_its_configuration() -> None:
    read = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert [(DEPLOY / "prometheus" / name).is_file() for name in read["rule_files"]] == [True]
    (job,) = read["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("aetherist", "/metrics")
