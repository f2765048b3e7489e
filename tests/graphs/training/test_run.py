"""A run from outside: folders, records, pictures, models, and what is told on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.graphs import Model
from aetherist.graphs.training import RunFolder, events
from aetherist.graphs.training.cost import measured_rate, training_cost
from aetherist.graphs.training.reading import read_training
from aetherist.graphs.training.records import Records, read_records
from tests.graphs.training import toys


def told(recipe: Any = None, **options: Any) -> list[events.Event]:
    found: list[events.Event] = []
    toys.trainer(recipe, observers=[found.append], **options).run()
    return found


def test_run_folders_are_numbered_in_order(tmp_path: Path) -> None:
    names = [RunFolder.create(tmp_path, name).path.name for name in ("a", "b", "a")]
    assert names == ["00000-a", "00001-b", "00002-a"]
    assert [run.path.name for run in RunFolder.all_of(tmp_path, "a")] == ["00002-a", "00000-a"]


def test_the_run_to_go_on_with_is_the_newest_that_has_a_checkpoint(tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path, "toy") for _ in range(3)]
    with pytest.raises(ValueError, match=r"no run of .toy. in .* has a checkpoint"):
        RunFolder.to_resume(tmp_path, "latest", "toy")
    for run in runs[:2]:
        (run.checkpoints / "000000000008").mkdir(parents=True)
    assert RunFolder.to_resume(tmp_path, "latest", "toy") == runs[1]
    assert RunFolder.to_resume(tmp_path, str(runs[0].path), "toy") == runs[0]
    with pytest.raises(ValueError, match="no run with a checkpoint"):
        RunFolder.to_resume(tmp_path, str(runs[2].path), "toy")


def test_one_stream_tells_everything_in_order(tmp_path: Path) -> None:
    found = told(toys.gan(length=24, log_every=8), folder=RunFolder.create(tmp_path, "toy"))
    kinds = [type(event).__name__ for event in found if not isinstance(event, events.Ticked)]
    assert kinds == [
        "Started",
        "Pictured",
        "Stepped",
        "Saved",
        "Stepped",
        "Saved",
        "Stepped",
        "Saved",
        "Pictured",
        "Saved",
        "Stopped",
    ]
    assert [event.kind for event in found if isinstance(event, events.Saved)] == ["checkpoint"] * 3 + ["model"]
    assert found[-1] == events.Stopped(24, "done")
    assert [event.images for event in found if isinstance(event, events.Ticked)] == [4, 8, 12, 16, 20, 24]


def test_records_are_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    toys.trainer(toys.gan(length=8), observers=[Records(path)]).run()
    first, second = read_records(path)
    assert (first["images"], second["images"]) == (4, 8)
    assert first["terms"].keys() == {"generator.loss", "discriminator.loss", "r1.loss"}
    assert second["terms"].keys() == {"generator.loss", "discriminator.loss"}
    assert first["speed"] > 0
    assert first["memory"] > 0


def test_pictures_show_the_same_rows_and_draws_every_time() -> None:
    """With a learning rate of 0 they are the same pictures."""
    still = {"optimizer": {"lr": 0}}
    recipe = toys.gan(phases={"generator": still, "discriminator": still}, feeds={"fade": {"value": 0.0}})
    first, *rest = [event for event in told(recipe) if isinstance(event, events.Pictured)]
    assert first.pictures["image"].shape == (4, 3, 4, 4)
    assert first.meanings == {"image": "image.signed"}
    assert len(rest) == 2
    assert all(torch.equal(event.pictures["image"], first.pictures["image"]) for event in rest)


def test_a_model_holds_the_averages_and_only_what_its_pictures_need(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "toy")
    trainer = toys.trainer(folder=folder)
    trainer.run()
    model = Model.load(folder.model(48))
    assert sorted(model.components) == ["mapping", "painter"]
    assert list(model.report.graphs) == ["generate"]
    assert model.recipe.spec.training is None
    assert model.manifest is not None
    assert model.manifest.metadata["training"]["images"] == 48
    assert trainer.ema is not None
    expected = trainer.ema.components["painter"].state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in model.components["painter"].state_dict().items())


def test_data_that_lacks_a_field_is_told_before_anything_runs() -> None:
    class Blind(toys.Album):
        fields = ("camera",)

    with pytest.raises(ValueError, match="feeds the field 'image'; the data has camera"):
        toys.trainer(data=Blind())


def test_the_cost_is_told_without_training() -> None:
    model = Model.build(toys.GAN)
    spec = read_training(model.report)
    cost = training_cost(model.report, spec)
    assert cost.parameters == {"mapping": 30, "painter": 387, "critic": 41}
    # In float32: a weight, its average for the two that pictures need, and a gradient and two averages of Adam for all.
    assert cost.average_bytes == 4 * (30 + 6 + 387)
    assert cost.optimizer_bytes == 4 * 3 * (30 + 387 + 41)
    # 4 rows through 4x6, 31x12, 3x8 and 8x1 matrices; back, twice that where both inputs want a gradient.
    forward = 2 * 4 * (4 * 6 + 31 * 12 + 3 * 8 + 8)
    generator = next(phase for phase in cost.phases if phase.name == "generator")
    assert 2 * forward < generator.flops <= 3 * forward
    halves = training_cost(model.report, spec, processes=2)
    assert [phase.flops for phase in halves.phases] == [phase.flops for phase in cost.phases]
    assert measured_rate(torch.device("cpu"), 0.01) > 1e8
