"""What clients are told of what went wrong: enough to act on, and nothing of the inside."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from aetherist.serve.engine import (
    Busy,
    EngineError,
    Expired,
    Failed,
    ModelUnavailable,
    OutOfMemory,
    Refused,
    Stopped,
    UnknownModel,
    WorkerLost,
)
from aetherist.serve.failures import problem_of
from aetherist.serve.problems import KINDS, Problem
from aetherist.storage import (
    DamagedArtifact,
    DatabaseLocked,
    IdempotencyConflict,
    MissingArtifact,
    QuotaExceeded,
    StorageError,
    StorageUnavailable,
)
from tests.serve.conftest import Small, services

SECRET = "/home/someone/aetherist.db postgresql://user:password@host"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Busy("come back", 3.4), 429, "busy"),
        (Expired("too late"), 504, "deadline"),
        (Refused("no such output"), 422, "invalid_request"),
        (Refused("faults", "unprocessable_recipe", [{"code": "AE202"}]), 422, "unprocessable_recipe"),
        (Refused("too much", "too_costly"), 422, "too_costly"),
        (UnknownModel("none"), 404, "unknown_model"),
        (ModelUnavailable("loading"), 503, "model_unavailable"),
        (WorkerLost("lost"), 503, "worker_lost"),
        (OutOfMemory("smaller"), 503, "out_of_memory"),
        (Stopped("stopping"), 503, "shutting_down"),
        (Failed(SECRET), 500, "internal"),
        (EngineError(SECRET), 500, "internal"),
        (MissingArtifact("none"), 404, "unknown_artifact"),
        (DamagedArtifact(SECRET), 500, "damaged_artifact"),
        (QuotaExceeded(SECRET), 507, "storage_full"),
        (DatabaseLocked(SECRET), 503, "storage_unavailable"),
        (StorageUnavailable(SECRET), 503, "storage_unavailable"),
        (IdempotencyConflict("used before"), 409, "conflict"),
        (StorageError(SECRET), 500, "internal"),
        (RuntimeError(SECRET), 500, "internal"),
        (ValueError(SECRET), 500, "internal"),
        (RecursionError(), 500, "internal"),
    ],
)
def test_each_failure_is_a_kind_of_problem(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert SECRET not in str(problem.to_dict())


def test_what_passes_by_itself_says_when_to_come_back() -> None:
    assert problem_of(Busy("come back", 3.4)).headers["Retry-After"] == "3"
    assert problem_of(Busy("come back", 0.01)).headers["Retry-After"] == "1"
    assert "Retry-After" in problem_of(StorageUnavailable("gone")).headers


def test_diagnostics_of_a_recipe_come_along() -> None:
    assert problem_of(Refused("faults", "unprocessable_recipe", [{"code": "AE202"}])).diagnostics == [{"code": "AE202"}]


def test_a_mistake_of_ours_is_logged_and_not_told(small: Small, logs: io.StringIO) -> None:
    client = small()
    services(client).engine.raises = RuntimeError(SECRET)
    answer = client.post("/v1/generate", json={"seeds": "1"}, headers={"X-Request-ID": "known"})
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "/problems/internal",
        "title": "The server made a mistake",
        "status": 500,
        "detail": "the server made a mistake; its log says more under the request's id",
        "code": "internal",
        "instance": "/v1/generate",
        "request_id": "known",
    }
    lines = [json.loads(line) for line in logs.getvalue().splitlines() if '"known"' in line]
    failed = next(line for line in lines if line["event"] == "request failed")
    assert failed["exception"][0]["exc_type"] == "RuntimeError"
    assert lines[-1]["status"] == 500


def test_a_busy_engine_is_a_client_that_waits(small: Small) -> None:
    client = small()
    services(client).engine.raises = Busy("64 wait already", 7)
    answer = client.post("/v1/generate", json={"seeds": "1"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["detail"] == "64 wait already"


def test_faults_of_a_request_point_at_their_places(small: Small) -> None:
    body = {"people": [{"seed": 1}, {"mix": [{"seed": -1}, {"id": "av_1", "x": 1}]}], "size": "big"}
    answer = small().post("/v1/generate", json=body)
    assert answer.status_code == 422
    found = {fault["pointer"] for fault in answer.json()["errors"]}
    assert found == {"/people/1/mix/0/seed", "/people/1/mix/1/x", "/size"}
    assert all(fault["in"] == "body" for fault in answer.json()["errors"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "video"}, {"/people": "this is needed"}),
        (
            {"kind": "mesh", "person": {"sed": 1}, "mesh": 1},
            {
                "/person/seed": "this is needed",
                "/person/sed": "there is no such field",
                "/mesh": "there is no such field",
            },
        ),
        ({"kind": "vidio"}, {"/kind": "there is no such kind; there are video, mesh, generate, batch, run"}),
        ({}, {"/kind": "this is needed: one of video, mesh, generate, batch, run"}),
        (
            {"kind": "run", "model": "tiny", "text": "x"},
            {"": "give a model or the text of a recipe: one of them"},
        ),
        (
            {"kind": "mesh", "person": {"seed": 1}, "format": "ply", "texture": True},
            {"": "one file of ply keeps no texture; ask for glb, or leave the texture out"},
        ),
        ([], {"": "write an object: {...}"}),
    ],
)
def test_faults_of_a_job_speak_of_its_body_and_not_of_how_it_is_read(small: Small, body: Any, told: Any) -> None:
    answer = small().post("/v1/jobs", json=body)
    assert answer.status_code == 422
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == told


def test_a_field_that_is_called_as_a_kind_of_job_keeps_its_place(small: Small) -> None:
    answer = small().post("/v1/generate", json={"seeds": "1", "video": True})
    assert answer.json()["detail"] == "body/video: there is no such field"


def test_faults_of_an_address_say_which_part(small: Small) -> None:
    answer = small().get("/v1/models/tiny/seeds/9999999999999.png?yaw=x&size=2")
    assert {(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]} == {
        ("path", "/seed"),
        ("query", "/yaw"),
        ("query", "/size"),
    }


def test_every_kind_of_problem_can_be_looked_up(small: Small) -> None:
    client = small()
    for code, kind in KINDS.items():
        found = client.get(Problem(code, "").to_dict()["type"]).json()
        assert found == {"code": code, "title": kind.title, "status": kind.status}
    assert client.get("/problems/none").status_code == 404


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/nothing", "/v1/models/tiny/nothing", "/assets/../app.py", "/%2e%2e/x"]
)
def test_what_is_not_there_is_a_problem_too(small: Small, path: str) -> None:
    answer = small().get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_is_none_names_those_that_are(small: Small) -> None:
    answer = small().put("/v1/avatars")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}
