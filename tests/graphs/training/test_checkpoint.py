"""Checkpoints are whole or not there, and hold no code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aetherist.graphs.training.checkpoint import (
    checkpoints,
    latest_checkpoint,
    read_checkpoint,
    save_checkpoint,
    sweep,
)
from aetherist.graphs.training.errors import TrainingError
from aetherist.graphs.training.trees import pack

STATE = {
    "step": 3,
    "share": 0.1,
    "nothing": None,
    "weights": {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(1.5, dtype=torch.float64)},
    "optimizer": {0: {"average": torch.ones(2, dtype=torch.bfloat16)}, 1: {}},
    "list": [1, [torch.tensor([True])]],
}


def equal(left: object, right: object) -> bool:
    if isinstance(left, torch.Tensor):
        return isinstance(right, torch.Tensor) and left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(left, dict):
        return isinstance(right, dict) and left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))
    return left == right


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 1200, STATE, keep=1)
    assert path.name == "000000001200"
    assert equal(read_checkpoint(path), STATE)


def test_a_checkpoint_is_plain_data_and_safetensors(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 1, STATE, keep=1)
    assert sorted(file.name for file in path.iterdir()) == ["state.json", "tensors.safetensors"]
    with pytest.raises(TypeError, match="/thing: a object cannot be part of a checkpoint"):
        pack({"thing": object()})


def test_only_the_latest_stay(tmp_path: Path) -> None:
    for images in (8, 16, 24):
        save_checkpoint(tmp_path, images, {}, keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["000000000016", "000000000024"]
    assert latest_checkpoint(tmp_path) == tmp_path / "000000000024"


def test_what_is_half_written_or_half_removed_is_not_met_and_is_swept(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 8, STATE, keep=2)
    for name in (".000000000016.part", ".000000000004.gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{", encoding="utf-8")
    assert latest_checkpoint(tmp_path) == tmp_path / "000000000008"
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["000000000008"]


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 8, STATE, keep=1)
    data = bytearray((path / "tensors.safetensors").read_bytes())
    data[-1] ^= 1
    (path / "tensors.safetensors").write_bytes(bytes(data))
    with pytest.raises(TrainingError, match="damaged: its tensors are not the ones that were written"):
        read_checkpoint(path)
    (path / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(TrainingError, match="no whole checkpoint"):
        read_checkpoint(path)


def test_there_is_none_where_there_is_no_folder(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path / "nothing") is None
