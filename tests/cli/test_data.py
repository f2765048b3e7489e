"""Data sets and pretrained networks on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.cli.main import run
from aetherist.data import sample_path


def test_the_sample_that_ships_is_sound(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["data", "check", str(sample_path()), "--pictures", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "64 pictures, 64 x 64" in printed.out
    assert (tmp_path / "contact-sheet.png").is_file()
    assert (tmp_path / "poses.png").is_file()


def test_a_folder_that_is_no_data_set_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["data", "check", str(tmp_path)]) != 0
    printed = capsys.readouterr()
    assert "dataset.json" in printed.out + printed.err
    assert "Traceback" not in printed.err


def test_networks_are_listed_with_package_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("lpips-vgg")).split()[1:5] == [
        "loss.lpips",
        "pip",
        "lpips",
        "0.1.4",
    ]


def test_an_unknown_network_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "get", "mobilface"]) != 0
    assert "mobileface" in capsys.readouterr().err
