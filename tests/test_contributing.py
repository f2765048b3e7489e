"""CONTRIBUTING.md is followed to the letter, in a copy of the source."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+) (file|append|run)(?:=(\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_a_component_can_be_added_by_following_the_page(tmp_path: Path) -> None:
    for name in ("aetherist", "recipes"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    blocks = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text())
    assert [(kind, place) for _, kind, place, _ in blocks] == [
        ("file", "aetherist/components/ops/tint.py"),
        ("append", "aetherist/components/ops/__init__.py"),
        ("file", "tests/components/ops/test_tint.py"),
        ("run", ""),
        ("file", "tinted.yaml"),
        ("run", ""),
    ]
    for _, kind, place, text in blocks:
        if kind == "run":
            for line in text.splitlines():
                _run(line, tmp_path)
        else:
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if kind == "append" else "w") as file:
                file.write(text)
    assert (tmp_path / "out/tinted/seed0000.png").is_file()


def _run(line: str, folder: Path) -> None:
    program, *arguments = shlex.split(line)
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
