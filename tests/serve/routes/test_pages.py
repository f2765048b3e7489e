"""The studio's pages, and what those who look after a server ask it."""

from __future__ import annotations

import pytest

from aetherist.serve.routes import studio
from tests.serve.conftest import Small, services


@pytest.mark.parametrize("path", studio.PAGES)
def test_every_page_of_the_studio_is_the_one_page(small: Small, path: str) -> None:
    answer = small().get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"


def test_the_studio_needs_no_key_to_ask_for_one(small: Small) -> None:
    assert small(security={"keys": "required"}).get("/").status_code == 200


def test_what_it_is_made_of_is_kept_for_long(small: Small) -> None:
    client = small()
    asset = next(name for name in studio._files() if name.startswith("assets/") and name.endswith(".js"))
    answer = client.get(f"/{asset}")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    assert client.head(f"/{asset}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/assets/../index.html",
        "/assets/..%2f..%2fapp.py",
        "/assets/%2e%2e/%2e%2e/app.py",
        "/assets//etc/passwd",
        "/assets/..%5c..%5capp.py",
        "/..%2fapp.py",
        "/index.html",
        "/assets/",
        "/assets/%00",
    ],
)
def test_no_address_leads_out_of_the_studio(small: Small, path: str) -> None:
    assert small().get(path).status_code == 404


def test_a_server_that_lives_says_so(small: Small) -> None:
    assert small().get("/healthz").json() == {"status": "alive"}


def test_a_server_that_can_work_says_so(small: Small) -> None:
    client = small()
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}
    services(client).draining = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": ["the server is shutting down"]}


def test_a_server_whose_workers_cannot_work_says_why(small: Small) -> None:
    client = small()
    services(client).engine.unready = lambda: "the default model tiny cannot be loaded; GET /v1/system says why"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    reason = "the default model tiny cannot be loaded; GET /v1/system says why"
    assert answer.json() == {"ready": False, "reasons": [reason]}


def test_what_keeps_it_from_work_is_told_without_places(small: Small) -> None:
    client = small()
    folder = services(client).config.current.server.data_folder
    services(client).storage.healthy = lambda: f"{folder}/aetherist.db is damaged"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert str(folder) not in answer.text


def test_requests_are_counted(small: Small) -> None:
    client = small()
    client.get("/v1/models/nobody")
    text = client.get("/metrics").text
    assert 'aetherist_requests_total{method="GET",route="/v1/models/{model}",status="404"} 1.0' in text
    assert 'aetherist_errors_total{code="unknown_model"} 1.0' in text
    assert small(telemetry={"metrics": False}).get("/metrics").status_code == 404
