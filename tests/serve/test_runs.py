"""Training runs are read as `aetherist train` writes them, and by no name that a listing does not have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aetherist.graphs.training.events import Started, Stepped
from aetherist.graphs.training.folders import RunFolder
from aetherist.graphs.training.records import Records
from aetherist.serve.runs import Runs, UnknownRun

RECIPE = "name: portrait\ntraining: {length: 2k, batch_size: 2}\n"


def step(images: int, **terms: float) -> Stepped:
    return Stepped(images // 2, images, images / 100, 100.0, 2**20, terms, {"generate": 0.002}, {})


def trained(parent: Path, images: int = 300, name: str = "portrait") -> tuple[RunFolder, Records]:
    """A run that has written a record each hundred images."""
    run = RunFolder.create(parent, name)
    run.recipe.write_text(RECIPE)
    records = Records(run.records)
    records(Started(0, 2000, 2))
    for seen in range(100, images + 1, 100):
        records(step(seen, **{"generate.loss": 1 / seen}))
    run.pictures("image", 100).parent.mkdir()
    run.pictures("image", 100).write_bytes(b"\x89PNG")
    run.model(200).mkdir(parents=True)
    return run, records


def test_a_run_tells_how_far_it_is(tmp_path: Path) -> None:
    trained(tmp_path)
    folder, _ = trained(tmp_path, 2000)
    (tmp_path / "notes").mkdir()
    (tmp_path / "00009-empty").mkdir()
    finished, running = Runs(tmp_path).list()
    assert (finished.name, running.name) == ("00001-portrait", "00000-portrait")
    facts = running.summary()
    assert (facts["status"], facts["images"], facts["length"], facts["recipe"]) == ("running", 300, 2000, "portrait")
    assert facts["latest"]["terms"] == {"generate.loss": 1 / 300}
    assert (facts["grids"], facts["models"]) == (1, ["000000200"])
    assert finished.summary()["status"] == "finished"
    assert running.recipe() == RECIPE
    os.utime(tmp_path / "00000-portrait" / "stats.jsonl", (0, 0))
    assert running.summary()["status"] == "stopped"
    assert folder.path.name == finished.name


def test_records_are_read_from_where_the_last_ones_ended(tmp_path: Path) -> None:
    folder, records = trained(tmp_path)
    run = Runs(tmp_path).get("00000-portrait")
    first = run.records()
    assert [record["images"] for record in first.records] == [100, 200, 300]
    assert (run.records(first.next).records, run.records(first.next).restarted) == ([], False)
    records(step(400, **{"generate.loss": float("nan")}))
    with folder.records.open("a") as file:
        file.write('{"images": 500, "ter')
    second = run.records(first.next)
    assert [(record["images"], record["terms"]) for record in second.records] == [(400, {"generate.loss": "nan"})]
    with folder.records.open("a") as file:
        file.write('ms": {}}\nhalf a line of a process that was killed\n')
    assert [record["images"] for record in run.records(second.next).records] == [500]


def test_a_training_that_goes_on_from_a_checkpoint_begins_its_records_anew(tmp_path: Path) -> None:
    _, records = trained(tmp_path, 1000)
    run = Runs(tmp_path).get("00000-portrait")
    end = run.records().next
    records(Started(200, 2000, 2))
    page = run.records(end)
    assert page.restarted
    assert [record["images"] for record in page.records] == [100, 200]
    assert run.records(7).restarted


def test_long_records_come_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(tmp_path, 1000)
    monkeypatch.setattr("aetherist.serve.runs.PAGE_BYTES", 700)
    run, seen, place, pages = Runs(tmp_path).get("00000-portrait"), [], 0, 0
    while True:
        page = run.records(place)
        seen += [record["images"] for record in page.records]
        place, pages = page.next, pages + 1
        if not page.more:
            break
    assert seen == list(range(100, 1001, 100))
    assert pages > 2


def test_grids_are_found_by_output_and_time(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path)
    folder.pictures("depth", 200).write_bytes(b"\x89PNG depth")
    (folder.path / "pictures" / ".image-000000300.png.part").write_bytes(b"")
    run = Runs(tmp_path).get("00000-portrait")
    assert [(grid.output, grid.images) for grid in run.grids()] == [("depth", 200), ("image", 100)]
    assert run.grid("depth-000000200.png").read_bytes() == b"\x89PNG depth"


@pytest.mark.parametrize(
    "name", ["..", ".", "", "00000-portrait/..", "/etc", "00000-portrait\0", "notes", "00000-PORTRAIT"]
)
def test_a_name_that_no_listing_has_is_no_run(tmp_path: Path, name: str) -> None:
    trained(tmp_path)
    (tmp_path / "notes").mkdir()
    with pytest.raises(UnknownRun, match="no run"):
        Runs(tmp_path).get(name)


@pytest.mark.parametrize(
    "name", ["../recipe.yaml", "../stats.jsonl", "..", "/etc/passwd", "recipe.yaml", "image-000000100.png/."]
)
def test_a_name_that_no_listing_has_is_no_grid(tmp_path: Path, name: str) -> None:
    trained(tmp_path)
    with pytest.raises(UnknownRun, match="no grid"):
        Runs(tmp_path).get("00000-portrait").grid(name)


def test_there_may_be_no_runs(tmp_path: Path) -> None:
    assert Runs(None).list() == Runs(tmp_path / "missing").list() == []
    (tmp_path / "00000-new").mkdir()
    (tmp_path / "00000-new" / "recipe.yaml").write_text("training: [")
    facts: dict[str, Any] = Runs(tmp_path).get("00000-new").summary()
    assert (facts["images"], facts["length"], facts["latest"]) == (0, None, None)
    assert json.dumps(facts)
