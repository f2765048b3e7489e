"""Files on their way have a folder of their server's own, and nothing of the dead stays."""

from __future__ import annotations

import os
from pathlib import Path

from aetherist.serve.engine.scratch import open_scratch, remove, remove_drafts


def test_folders_of_servers_that_are_gone_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    names = {"gone": "4194305-abc", "same pid, before": f"{os.getpid()}-abc", "alive": f"{os.getppid()}-abc"}
    for name in names.values():
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").write_text("somebody's")
    own = open_scratch(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {names["alive"], "notes.txt", own.name}
    second = open_scratch(tmp_path)
    assert {own, second} <= set(tmp_path.iterdir())


def test_only_drafts_of_the_process_that_died_go(tmp_path: Path) -> None:
    for name in (".a.mp4.7.part", ".b.mp4.8.part", "c.mp4"):
        (tmp_path / name).touch()
    remove_drafts(tmp_path, 7)
    assert {path.name for path in tmp_path.iterdir()} == {".b.mp4.8.part", "c.mp4"}


def test_removing_what_is_not_there_is_no_matter(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
