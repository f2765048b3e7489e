"""An address of the API takes the parameters that it declares, and says so to whoever misspells one."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.serve.conftest import VIEW, Small, key


def refused(answer: Any) -> dict[str, str]:
    """What is said of each unknown parameter."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_request"
    assert all(fault["in"] == "query" for fault in answer.json()["errors"])
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


def test_a_misspelt_parameter_is_refused_with_near_names_and_all_that_there_are(small: Small) -> None:
    answer = small().get("/v1/jobs?limt=3&status=done")
    words = "there is no such parameter; did you mean limit? known: status, kind, limit, before"
    assert refused(answer) == {"/limt": words}
    assert answer.json()["detail"] == f"query/limt: {words}"


def test_each_unknown_parameter_is_named(small: Small) -> None:
    told = refused(small().get("/v1/models/tiny/seeds/7.png?yow=0.3&zoom=2&yaw=0.1&zoom=3"))
    assert told.keys() == {"/yow", "/zoom"}
    assert told["/zoom"] == "there is no such parameter; known: output, pitch, psi, size, yaw"


def test_an_address_that_takes_none_says_so(small: Small) -> None:
    told = refused(small().post("/v1/generate?size=64", json={"seeds": "1"}))
    assert told == {"/size": "there is no such parameter; this address takes none"}


@pytest.mark.parametrize("name", ["x" * 5000, "a/b~c", "<seed>", "", "\u0000", "limit "])
def test_a_name_of_any_kind_is_answered(small: Small, name: str) -> None:
    assert len(refused(small().get("/v1/jobs", params={name: "1"}))) == 1


def test_very_many_are_told_in_part(small: Small) -> None:
    answer = small().get("/v1/jobs", params={f"x{number}": "1" for number in range(1000)})
    assert len(refused(answer)) == 50
    assert answer.json()["detail"].endswith(", and 999 more")


def test_no_address_of_the_api_takes_what_its_description_does_not_name(small: Small) -> None:
    client = small()
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            address = path.replace("{id}", "av_0").replace("{seed}", "1").replace("{format}", "png")
            answer = client.request(method, address, params={"nonsense": "1"})
            if not path.startswith("/v1/"):
                assert answer.status_code != 422, (method, path)
            elif method == "head":
                assert answer.status_code == 422
            else:
                known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
                (words,) = refused(answer).values()
                told = words.partition("known: ")[2]
                assert sorted(told.split(", ") if told else []) == sorted(known), (method, path)


def test_a_view_takes_none(small: Small) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, small().websocket_connect(f"{VIEW}?model=tiny"):
        pass
    assert (closed.value.code, closed.value.reason) == (1008, "invalid_request")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/runs", "/mark.svg"])
def test_what_is_no_api_lets_any_pass(small: Small, path: str) -> None:
    assert small().get(f"{path}?utm_source=x&v=2").status_code == 200


def test_who_may_not_ask_learns_of_the_key_first(small: Small) -> None:
    client = small(security={"keys": "required"})
    assert client.get("/v1/jobs?limt=3").status_code == 401
    assert client.get("/v1/jobs?limt=3", headers=key(client, "read")).status_code == 422
