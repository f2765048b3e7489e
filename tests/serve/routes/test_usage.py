"""Usage over HTTP."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import Small, services


@pytest.fixture
def used(small: Small) -> TestClient:
    client = small()
    add = services(client).storage.usage.add
    for day, model, key_id, operation, pictures in [
        (1, "tiny", "key_a", "generate", 3),
        (1, "tiny", "key_b", "generate", 1),
        (2, "tiny", "key_a", "job.video", 90),
        (2, "=HYPERLINK(1)", None, "view", 5),
    ]:
        add(datetime(2026, 3, day, 12, tzinfo=UTC), model, key_id, operation, pictures=pictures, seconds=0.5)
    return client


def test_it_is_told_by_what_is_asked(used: TestClient) -> None:
    rows = used.get("/v1/usage").json()["items"]
    assert sum(row["pictures"] for row in rows) == 99
    rows = used.get("/v1/usage?by=model&bucket=day").json()["items"]
    assert [(row["at"][:10], row["model"], row["count"], row["key_id"]) for row in rows] == [
        ("2026-03-01", "tiny", 2, None),
        ("2026-03-02", "=HYPERLINK(1)", 1, None),
        ("2026-03-02", "tiny", 1, None),
    ]
    rows = used.get("/v1/usage?since=2026-03-02T00:00:00Z&by=key_id&by=operation&bucket=hour").json()["items"]
    assert {(row["at"][:13], row["operation"]) for row in rows} == {
        ("2026-03-02T12", "view"),
        ("2026-03-02T12", "job.video"),
    }
    assert used.get("/v1/usage?until=2026-03-01T00:00:00Z").json() == {"items": []}


def test_it_is_a_table_for_those_who_want_one(used: TestClient) -> None:
    answer = used.get("/v1/usage", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text == used.get("/v1/usage?format=csv").text
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert rows[0]["key_id"] == "key_a"
    assert {row["model"] for row in rows} == {"tiny", "'=HYPERLINK(1)"}


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-03-02T00:00:00",
        "until=0.5",
        "by=password",
        "bucket=second",
        "since=0001-01-01T00:00:00Z",
    ],
)
def test_what_is_no_question_is_refused(used: TestClient, query: str) -> None:
    answer = used.get(f"/v1/usage?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_what_was_just_asked_for_counts(small: Small) -> None:
    client = small()
    client.get("/v1/models/tiny/seeds/1.png")
    (row,) = client.get("/v1/usage?by=model").json()["items"]
    assert (row["model"], row["count"], row["errors"]) == ("tiny", 1, 0)
