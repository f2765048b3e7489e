"""The examples that embed avatars in other programs do what they say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.core.check import check
from tests.avatars.helpers import SMALL

Example = Callable[[str], ModuleType]


# FastAPI --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(example: Example, model: AvatarModel) -> object:
    pytest.importorskip("httpx2")
    testclient = pytest.importorskip("fastapi.testclient")
    return testclient.TestClient(example("fastapi_app").create(model))


def test_the_api_shows_avatars(client, model: AvatarModel) -> None:  # type: ignore[no-untyped-def]
    answer = client.get("/avatars/7.png", params={"yaw": 0.3, "psi": 0.5})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    expected = model.avatar(7, psi=0.5).render(0.3, as_="numpy")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), expected)
    assert client.get("/model").json() == {
        "name": "tiny",
        "digest": model.digest,
        "attributes": ["age", "ethnicity", "smile"],
    }


def test_the_api_gives_and_takes_avatar_files(client, model: AvatarModel) -> None:  # type: ignore[no-untyped-def]
    file = client.get("/avatars/7.avatar").content
    assert model.open(file) == model.avatar(7, psi=0.7)
    edited = model.open(file).edit(smile=1)
    answer = client.post("/pictures", content=edited.to_bytes(), params={"yaw": 0.2})
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), edited.render(0.2, as_="numpy"))


def test_the_api_refuses_what_makes_no_sense(client) -> None:  # type: ignore[no-untyped-def]
    assert client.get("/avatars/-1.png").status_code == 422
    assert client.get("/avatars/7.png", params={"yaw": "left"}).status_code == 422
    refused = client.post("/pictures", content=b"no avatar")
    assert (refused.status_code, "no avatar" in refused.json()["detail"]) == (400, True)


def test_the_api_answers_many_at_once(client, model: AvatarModel) -> None:  # type: ignore[no-untyped-def]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda seed: client.get(f"/avatars/{seed % 3}.png").content, range(12)))
    assert all(answers[index] == answers[index % 3] for index in range(12))
    assert len(set(answers)) == 3


# Gradio ---------------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_its_sliders_say(example: Example, model: AvatarModel) -> None:
    module = example("gradio_page")
    assert module.attributes(model) == {"age": (-2.0, 2.0), "smile": (-1.0, 1.0)}
    look = module.viewer(model)
    edited = model.avatar(3, psi=0.7).edit(age=0.5, smile=-1)
    assert look(3.0, 0.7, 0.1, 0.2, 0.5, -1.0).tobytes() == edited.render(0.1, 0.2).tobytes()
    plain = AvatarModel(model.model)
    assert module.viewer(plain)(3, 1.0, 0.0, 0.0).tobytes() == plain.avatar(3).render().tobytes()


def test_the_page_can_be_built(example: Example, model: AvatarModel) -> None:
    pytest.importorskip("gradio")
    assert len(example("gradio_page").page(model).input_components) == 6


# A batch job ----------------------------------------------------------------------------------------------------------


def test_the_job_goes_on_where_it_was_stopped(example: Example, tmp_path: Path) -> None:
    module = example("batch_job")
    folder, out = tmp_path / "model", tmp_path / "people"
    aetherist.load("tiny", overrides=SMALL).save_pretrained(folder)
    model = aetherist.load(folder)
    module.main([str(folder), "--seeds", "0-1", "--out", str(out)])
    before = (out / "seed00001.avatar").stat().st_mtime_ns
    module.main([str(folder), "--seeds", "0-3", "--out", str(out)])
    lines = [json.loads(line) for line in (out / "avatars.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines] == [0, 1, 2, 3]
    assert (out / "seed00001.avatar").stat().st_mtime_ns == before
    for line in lines:
        avatar = model.open(out / f"seed{line['seed']:05d}.avatar")
        assert avatar.digest == line["digest"]
        with Image.open(out / line["picture"]) as picture:
            assert np.array_equal(np.asarray(picture), avatar.render(as_="numpy"))


# A component of one's own ---------------------------------------------------------------------------------------------


def test_a_component_of_ones_own_takes_part_in_a_recipe(example: Example) -> None:
    module = example("custom_component")
    assert check(module.RECIPE).ok
    donor = aetherist.load("tiny", seed=3)
    model = module.framed(donor)
    plain = donor.avatar(7).render(as_="tensor")
    framed = model.avatar(7).render(as_="tensor")
    light = (framed + 1) / (plain + 1)
    assert torch.allclose(light[:, 0, 0], torch.full((3,), 0.2), atol=1e-4)
    assert (light[:, 30:34, 30:34] > 0.99).all()
    assert model.digest != donor.digest
