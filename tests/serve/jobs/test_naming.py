"""A job that names what its model has not is refused when it is asked for, and not when it is done."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from aetherist.serve.engine import ModelUnavailable
from tests.serve.conftest import Small, services

AXES = [("age", None), ("ethnicity", "asian"), ("ethnicity", "european")]
SEEN = {"kind": "video", "people": [{"seed": 1}]}


@pytest.fixture
def client(small: Small) -> TestClient:
    """A gateway whose model can be edited, along three axes."""
    found = small()
    directions = [{"attribute": attribute, "axis": axis} for attribute, axis in AXES]
    services(found).engine.described |= {"editable": True, "directions": directions}
    return found


def told(client: TestClient, body: dict[str, Any]) -> dict[str, str]:
    """Return what is said of each place in a job that is refused."""
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid_request"
    assert services(client).storage.jobs.counts()["queued"] == 0
    assert all(fault["in"] == "body" for fault in answer.json()["errors"])
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"kind": "video", "people": [{"seed": 1}, {"seed": 2, "attributes": {"agee": 1}}]}, "/people/1/attributes"),
        ({"kind": "mesh", "person": {"seed": 1, "attributes": {"agee": 0}}}, "/person/attributes"),
        ({"kind": "generate", "people": [{"seed": 1, "attributes": {"agee": 1}}]}, "/people/0/attributes"),
        ({"kind": "generate", "seeds": "1", "attributes": {"agee": 1}}, "/attributes"),
        ({"kind": "batch", "seeds": "0-9", "attributes": {"agee": 1}}, "/attributes"),
        (
            {"kind": "mesh", "person": {"mix": [{"seed": 1}, {"mix": [{"seed": 2, "attributes": {"agee": 1}}] * 2}]}},
            "/person/mix/1/mix/0/attributes",
        ),
    ],
)
def test_an_attribute_that_the_model_has_not(client: TestClient, body: dict[str, Any], place: str) -> None:
    words = "there is no attribute 'agee' to edit; did you mean age?"
    assert told(client, body)[f"{place}/agee"] == words


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        (
            {"ethnicity": {"asain": 1}},
            {"/ethnicity/asain": "'ethnicity' has no part 'asain' to edit; did you mean asian?"},
        ),
        (
            {"ethnicity": 1},
            {"/ethnicity": '\'ethnicity\' has parts: write {"ethnicity": {"asian": ..., "european": ...}}'},
        ),
        ({"age": {"young": 1}}, {"/age": "'age' has no parts: give it one strength"}),
        (
            {"zeal": 1, "ethnicity.asian": 1},
            {
                "/zeal": "there is no attribute 'zeal' to edit; known: age, ethnicity",
                "/ethnicity.asian": "there is no attribute 'ethnicity.asian' to edit; did you mean ethnicity?",
            },
        ),
    ],
)
def test_a_part_that_the_attribute_has_not(
    client: TestClient, attributes: dict[str, Any], found: dict[str, str]
) -> None:
    body = {"kind": "batch", "seeds": "1", "attributes": attributes}
    assert told(client, body) == {f"/attributes{place}": words for place, words in found.items()}


def test_a_model_without_directions_edits_nobody(small: Small) -> None:
    words = "the model has no style directions, so its people cannot be edited"
    assert told(small(), {"kind": "batch", "seeds": "1", "attributes": {"age": 1}}) == {"/attributes": words}


def test_an_output_that_the_model_has_not(client: TestClient) -> None:
    for body in (SEEN, {"kind": "batch", "seeds": "1"}, {"kind": "generate", "seeds": "1"}):
        assert told(client, body | {"output": "depth"}) == {
            "/output": "the model has no output 'depth'; known: image, raw"
        }


def test_a_shape_that_the_model_has_not(client: TestClient) -> None:
    services(client).engine.described["field"] = False
    words = "the model has no graph 'field', so its people have no shape to give"
    assert told(client, {"kind": "mesh", "person": {"seed": 1}}) == {"/model": words}


def test_a_graph_or_a_step_that_the_model_has_not(client: TestClient) -> None:
    run = {"kind": "run"}
    assert told(client, run | {"graph": "generat"}) == {
        "/graph": "the model has no graph 'generat'; did you mean generate?"
    }
    assert told(client, run | {"graph": "show", "until": "plains"}) == {
        "/until": "graph 'show' has no step 'plains'; did you mean planes?"
    }


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "batch", "seeds": "1", "attributes": {"age": 1, "ethnicity": {"asian": 0.5}}},
        {"kind": "batch", "seeds": "1", "attributes": {"age": {"none": 0}, "ethnicity": 0}},
        {"kind": "run", "graph": "show", "until": "planes"},
        {"kind": "run", "text": "extends: tiny", "graph": "anything", "until": "any.step"},
        SEEN | {"output": "raw"},
    ],
    ids=["known", "nothing is changed", "a step", "a recipe from outside", "an output"],
)
def test_what_can_be_done_is_promised(client: TestClient, body: dict[str, Any]) -> None:
    assert client.post("/v1/jobs", json=body).status_code == 202


def test_addresses_of_their_own_refuse_it_as_well(client: TestClient) -> None:
    answer = client.post("/v1/batches", json={"seeds": "1", "attributes": {"agee": 1}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/attributes/agee")
    avatar = client.post("/v1/avatars", json={"person": {"seed": 1}}).json()["id"]
    answer = client.post(f"/v1/avatars/{avatar}/video", json={"output": "depth"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/output")


def test_what_a_model_that_is_not_there_yet_has_is_found_out_when_the_job_is_done(client: TestClient) -> None:
    services(client).engine.raises = ModelUnavailable("it is being loaded")
    body = {"kind": "batch", "seeds": "1", "attributes": {"agee": 1}}
    assert client.post("/v1/jobs", json=body).status_code == 202


def test_no_job_waits_for_a_worker_that_is_starting(client: TestClient) -> None:
    engine = services(client).engine
    engine.ready = lambda: False
    assert client.post("/v1/jobs", json={"kind": "run", "graph": "nothing"}).status_code == 202
    assert not engine.asked


def test_a_real_model_says_what_it_has(gateway: TestClient) -> None:
    answer = gateway.post("/v1/jobs", json={"kind": "run", "graph": "show", "until": "finale"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "body/until: graph 'show' has no step 'finale'; did you mean final?"
    answer = gateway.post("/v1/jobs", json={"kind": "run", "graph": "shows"})
    assert answer.json()["detail"] == "body/graph: the model has no graph 'shows'; did you mean show?"
