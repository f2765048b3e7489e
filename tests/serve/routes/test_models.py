"""Models and the people of seeds."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from starlette.testclient import TestClient

import aetherist


def test_models_are_listed(gateway: TestClient) -> None:
    (item,) = gateway.get("/v1/models").json()["items"]
    tiny = aetherist.load("tiny")
    assert item == {
        "name": "tiny",
        "digest": tiny.digest,
        "parameters": item["parameters"],
        "resolution": 64,
        "outputs": ["image", "raw", "depth", "alpha"],
        "default": True,
        "editable": False,
    }
    assert item["parameters"] > 100_000


def test_a_model_is_described(gateway: TestClient) -> None:
    told = gateway.get("/v1/models/tiny").json()
    assert told["style_shape"] == [8, 32]
    assert told["latent_dim"] == 32
    assert told["stage"]["radius"] == pytest.approx(2.7)
    assert 0 < told["stage"]["fov"] < 30
    assert {"map", "show", "field"} <= set(told["graphs"])
    assert told["field"] is True


def test_a_model_without_directions_has_none(gateway: TestClient) -> None:
    assert gateway.get("/v1/models/tiny/directions").json() == {"items": []}


@pytest.mark.parametrize("path", ["", "/directions", "/seeds/1.png"])
def test_a_model_that_is_not_there_is_a_problem(gateway: TestClient, path: str) -> None:
    answer = gateway.get(f"/v1/models/nobody{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_model"


@pytest.mark.parametrize(("format", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_the_person_of_a_seed_is_shown(gateway: TestClient, format: str, kind: str) -> None:
    answer = gateway.get(f"/v1/models/tiny/seeds/7.{format}", params={"psi": 0.7, "size": 48})
    assert answer.headers["content-type"] == f"image/{format}"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.format == kind
    assert picture.size == (48, 48)


def test_it_is_the_person_that_python_shows(gateway: TestClient) -> None:
    answer = gateway.get("/v1/models/tiny/seeds/7.png?yaw=0.3")
    expected = aetherist.load("tiny").avatar(seed=7).render(yaw=0.3)
    assert Image.open(io.BytesIO(answer.content)).convert("RGB").tobytes() == expected.tobytes()


def test_a_browser_keeps_it(gateway: TestClient) -> None:
    address = "/v1/models/tiny/seeds/8.webp?size=32"
    first = gateway.get(address)
    assert "max-age" in first.headers["cache-control"]
    again = gateway.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    other = gateway.get(f"{address}&yaw=0.1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "query", ["size=5", "size=99999", "psi=nan", "yaw=inf", "psi=100", "output=secret", "size=1e3", "yaw=", "seed=3"]
)
def test_what_makes_no_picture_is_refused(gateway: TestClient, query: str) -> None:
    answer = gateway.get(f"/v1/models/tiny/seeds/7.png?{query}")
    assert answer.status_code == 422


def test_a_picture_has_so_many_pixels_at_most(gateway: TestClient) -> None:
    answer = gateway.get("/v1/models/tiny/seeds/7.png?size=4000")
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
