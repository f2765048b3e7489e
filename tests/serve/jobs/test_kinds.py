"""What each kind of job asks of the engine, and what it gives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from aetherist.serve.jobs.kinds import KINDS
from aetherist.serve.jobs.requests import JobBody, read, written
from aetherist.serve.schemas.jobs import Kind
from tests.serve.jobs.conftest import Place, until

ADAPTER: TypeAdapter[Any] = TypeAdapter(JobBody)


def outcome(place: Place, kind: str, **request: Any) -> tuple[Any, Any]:
    """The result of a job, and what the engine was asked for."""

    async def story() -> tuple[Any, Any]:
        parts = place.services()
        await parts.jobs.start()
        job = place.queue(kind, **request)
        await until(lambda: place.status(job) not in ("queued", "running"))
        await parts.jobs.stop(1.0)
        row = place.storage.jobs.get(job)
        assert row.status == "done", row.problem
        return row.result, parts.engine.asked

    return asyncio.run(story())


def test_a_video_goes_through_its_people_in_order(place: Place) -> None:
    people = [{"seed": 1}, {"mix": [{"seed": 1}, {"seed": 2}], "amount": 0.25}, {"seed": 2, "attributes": {"age": 1}}]
    result, (work,) = outcome(place, "video", people=people, path="sway", format="webm", size=64)
    assert [person.seed for person in work.people] == [1, None, 2]
    assert (work.path, work.format, work.size, work.people[2].attributes) == ("sway", "webm", 64, {"age": 1})
    assert result["artifacts"][0]["name"] == "tiny-sway.webm"


def test_splats_are_a_ply(place: Place) -> None:
    result, (work,) = outcome(place, "mesh", person={"seed": 3}, format="splats", resolution=32)
    assert (work.resolution, work.format) == (32, "splats")
    assert result["artifacts"][0]["name"] == "tiny-splats.ply"


def test_pictures_are_of_every_person_from_every_camera(place: Place) -> None:
    cameras = [{"yaw": 0.1}, {"yaw": 0.2}]
    result, _ = outcome(place, "generate", seeds="4,2", psi=0.5, cameras=cameras)
    assert [(item["person"]["seed"], item["camera"]["yaw"]) for item in result["items"]] == [
        (4, 0.1),
        (4, 0.2),
        (2, 0.1),
        (2, 0.2),
    ]
    assert [item["artifact"] for item in result["items"]] == result["artifacts"]
    assert (result["items"][0]["width"], result["failed"]) == (64, [])


def test_attributes_of_a_job_are_of_those_who_have_none_of_their_own(place: Place) -> None:
    people = [{"seed": 1}, {"seed": 2, "attributes": {"smile": 1}}]
    _, works = outcome(place, "generate", people=people, attributes={"age": 0.5})
    assert [work.person.attributes for work in works] == [{"age": 0.5}, {"smile": 1}]


def test_a_run_keeps_its_pictures_where_their_bytes_stood(place: Place) -> None:
    result, (work,) = outcome(place, "run", graph="generate", until="planes", seed=3)
    assert (work.until, work.seed, work.model) == ("planes", 3, "tiny")
    (step,) = result["run"]["steps"]
    assert step["seconds"] == 0.1
    assert step["outputs"][0]["picture"] == result["artifacts"][0]
    assert place.storage.artifacts.read(result["artifacts"][0]["digest"]) == b"\x89PNG planes"


def test_what_is_kept_of_a_request_is_read_as_it_was_meant() -> None:
    requests = [
        {"kind": "video", "people": [{"seed": 1, "psi": 0.5}], "fps": 24},
        {"kind": "mesh", "person": {"id": "av_0001"}},
        {"kind": "generate", "seeds": "0-3", "cameras": [{"vector": [0.0] * 25}]},
        {"kind": "batch", "seeds": "0-3", "attributes": {"ethnicity": {"asian": 0.5}}},
        {"kind": "run", "graph": "generate", "text": "name: x", "overrides": ["a=1"]},
    ]
    assert {request["kind"] for request in requests} == set(KINDS) == set(Kind.__args__)  # type: ignore[attr-defined]
    for request in requests:
        body = ADAPTER.validate_python(request)
        kept = written(body)
        assert kept == {key: value for key, value in request.items() if key != "kind"}
        assert read(request["kind"], kept) == body


@pytest.mark.parametrize(
    "request_",
    [
        {"kind": "video", "people": []},
        {"kind": "video", "people": [{"seed": 1}], "frames": 10**6},
        {"kind": "mesh", "person": {"seed": 1}, "resolution": 4096},
        {"kind": "mesh", "person": {"seed": 1}, "format": "pickle"},
        {"kind": "batch", "seeds": "../../etc"},
        {"kind": "run", "model": "tiny", "text": "name: x"},
        {"kind": "run", "overrides": ["a=1"]},
        {"kind": "run", "graph": "generate", "path": "/etc/passwd"},
        {"kind": "delete"},
    ],
)
def test_what_no_job_is_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(request_)
