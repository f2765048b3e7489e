"""A training that was stopped and went on is the training that never stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.graphs.training import RunFolder, TrainingError
from aetherist.graphs.training.checkpoint import checkpoints, latest_checkpoint, read_checkpoint
from aetherist.graphs.training.records import Records, read_records
from tests.graphs.training import processes, toys

TIMES = ("seconds", "speed", "memory")


def weights(trainer: Any) -> dict[str, torch.Tensor]:
    parts = {**trainer.model.components, **{f"ema.{name}": m for name, m in trainer.ema.components.items()}}
    return {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}


def trained(folder: RunFolder, stop_after: int | None = None, resume: bool = False, **training: Any) -> Any:
    observers = [Records(folder.records)]
    made = toys.trainer(toys.gan(**training), folder=folder, observers=observers)
    if resume:
        made.resume()
    made.run(lambda: stop_after is not None and made.images >= stop_after)
    return made


def told(folder: RunFolder) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key not in TIMES} for line in read_records(folder.records)]


@pytest.mark.parametrize("log_every", [4, 16])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_losses_and_weights_are_bit_equal_after_a_stop(tmp_path: Path, log_every: int, precision: str) -> None:
    whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
    options = {"log_every": log_every, "precision": precision}
    expected = trained(whole, **options)
    for stop in (8, 20):
        trained(parts, stop_after=stop, resume=stop > 8, **options)
    actual = trained(parts, resume=True, **options)
    assert told(parts) == told(whole)
    assert len(told(whole)) == 48 // log_every
    left, right = weights(expected), weights(actual)
    assert left.keys() == right.keys()
    assert all(torch.equal(left[key], right[key]) for key in left)


def test_growth_accumulation_and_phases_that_come_and_go_resume_as_well(tmp_path: Path) -> None:
    whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
    growth = {"painter.resolution": {"from": 4, "to": 8, "over": 32, "steps": 4}}
    options = {"grow": growth, "accumulate": 2, "phases": {"r1": {"starts": 12, "ends": 40}}}
    expected = trained(whole, **options)
    trained(parts, stop_after=20, **options)
    actual = trained(parts, resume=True, **options)
    assert told(parts) == told(whole)
    left, right = weights(expected), weights(actual)
    assert all(torch.equal(left[key], right[key]) for key in left)


def test_steps_after_the_last_checkpoint_are_taken_again_and_told_once(tmp_path: Path) -> None:
    """As after ``kill -9``: records are there that the checkpoint knows nothing of, and half a line."""
    whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
    trained(whole)
    trained(parts, stop_after=20)
    with parts.records.open("a") as file:
        file.write(json.dumps({"images": 24, "terms": {}}) + '\n{"images": 28, "te')
    trained(parts, resume=True)
    assert told(parts) == told(whole)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "toy")
    trained(folder, stop_after=8)
    other = toys.trainer(toys.gan(phases={"another": toys.GAN["training"]["phases"]["generator"]}), folder=folder)
    with pytest.raises(TrainingError, match="does not fit the recipe: 'another'"):
        other.resume()


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no checkpoint to go on from"):
        toys.trainer(folder=RunFolder.create(tmp_path, "toy")).resume()


def test_the_learning_rate_may_be_another_after_a_stop(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "toy")
    trained(folder, stop_after=8)
    trained(folder, resume=True, phases={"discriminator": {"optimizer": {"lr": 0.003}}})
    assert told(folder)[-1]["rates"]["discriminator"] == pytest.approx(0.003 * 2 / 3)


def waited_for(folder: RunFolder, images: int) -> None:
    deadline = time.monotonic() + 60
    while (int(checkpoints(folder.checkpoints)[-1].name) if checkpoints(folder.checkpoints) else 0) < images:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def started(folder: RunFolder) -> tuple[Any, Any, int]:
    process, told = processes.start(processes.train_until_told, str(folder.path))
    return process, told, told.get(timeout=60)


def test_kill_9_at_any_moment_leaves_whole_checkpoints(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "toy")
    moments = random.Random(0)
    reached = 0
    for _ in range(5):
        process, _, begun = started(folder)
        assert begun == reached, "it goes on from the latest checkpoint"
        waited_for(folder, reached + 8)
        time.sleep(moments.random() * 0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        for path in checkpoints(folder.checkpoints):
            assert read_checkpoint(path)["images"] == int(path.name)
        reached = int(checkpoints(folder.checkpoints)[-1].name)
    assert reached >= 40


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_checkpoint_of_the_last_step(tmp_path: Path, number: int) -> None:
    folder = RunFolder.create(tmp_path, "toy")
    process, told, _ = started(folder)
    waited_for(folder, 4)
    os.kill(process.pid, number)
    images = told.get(timeout=60)
    process.join()
    assert process.exitcode == 0
    assert latest_checkpoint(folder.checkpoints) == folder.checkpoints / f"{images:012d}"
