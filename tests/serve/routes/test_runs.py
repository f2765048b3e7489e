"""Training runs over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Small, services
from tests.serve.following import follow
from tests.serve.test_runs import step, trained


def test_a_run_has_its_recipe_records_and_grids(small: Small, tmp_path: Path) -> None:
    _, records = trained(tmp_path / "runs")
    client = small(runs={"folder": tmp_path / "runs"})
    (item,) = client.get("/v1/runs").json()["items"]
    assert (item["name"], item["status"], item["images"]) == ("00000-portrait", "running", 300)
    assert "training" in client.get("/v1/runs/00000-portrait").json()["text"]
    page = client.get("/v1/runs/00000-portrait/stats").json()
    assert len(page["records"]) == 3
    records(step(400))
    page = client.get(f"/v1/runs/00000-portrait/stats?since={page['next']}").json()
    assert ([record["images"] for record in page["records"]], page["restarted"]) == ([400], False)
    (grid,) = client.get("/v1/runs/00000-portrait/grids").json()["items"]
    answer = client.get(f"/v1/runs/00000-portrait/grids/{grid['file']}")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")


def test_without_a_folder_there_are_none(small: Small) -> None:
    assert small().get("/v1/runs").json() == {"items": []}


@pytest.mark.parametrize(
    "path",
    [
        "00001-portrait",
        "..%2F..",
        "%2e%2e",
        "00000-portrait%2F..%2F00000-portrait",
        "00000-portrait/grids/..%2Frecipe.yaml",
        "00000-portrait/grids/%2e%2e%2fstats.jsonl",
        "00000-portrait/grids/image-999999999.png",
        "00000-..%2f..%2fetc/stats",
    ],
)
def test_no_name_leads_out_of_the_folder(small: Small, tmp_path: Path, path: str) -> None:
    trained(tmp_path / "runs")
    client = small(runs={"folder": tmp_path / "runs"})
    assert client.get(f"/v1/runs/{path}").status_code == 404


def test_a_run_is_followed_live(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aetherist.serve.routes.runs.LOOK_EVERY", 0.01)
    folder, records = trained(tmp_path / "runs")
    client = small(runs={"folder": tmp_path / "runs"})
    heard: list[tuple[str, Any, str | None]] = []

    def next_(name: str, data: Any, id_: str | None) -> bool:
        heard.append((name, data, id_))
        if name == "status" and len(heard) == 3:
            records(step(400))
            folder.pictures("image", 400).write_bytes(b"\x89PNG")
        return name == "status" and data["images"] == 400 and data["grids"] == 2

    async def story() -> None:
        await follow(client.app, "/v1/runs/00000-portrait/events", next_)
        assert services(client).jobs.streams.count == 0

    asyncio.run(story())
    names = [name for name, _, _ in heard]
    assert names[:3] == ["records", "grids", "status"]
    told = [record["images"] for name, data, _ in heard if name == "records" for record in data["records"]]
    assert told == [100, 200, 300, 400]
    assert [[grid["images"] for grid in data["items"]] for name, data, _ in heard if name == "grids"] == [[100], [400]]

    last = next(id_ for name, _, id_ in heard if name == "records")

    async def again() -> None:
        def first(name: str, data: Any, _: str | None) -> bool:
            assert name == "records"
            assert [record["images"] for record in data["records"]] == [400]
            return True

        await follow(client.app, "/v1/runs/00000-portrait/events", first, {"Last-Event-ID": last or ""})

    asyncio.run(again())
    assert json.dumps(heard)
