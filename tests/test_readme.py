"""What README.md shows is so: its recipe is sound, its Python runs, its excerpt is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aetherist.cli.main import run
from aetherist.core.check import check
from aetherist.core.recipe import Recipe

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_the_recipe_is_sound() -> None:
    (text,) = blocks("yaml")
    assert check(Recipe.read("faces.yaml", text=text)).diagnostics == []


def test_the_python_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for text in blocks("python"):
        exec(text, namespace)
    assert [view.shape for view in namespace["views"]] == [(1, 3, 64, 64)] * 3  # type: ignore[attr-defined]
    assert {path.name for path in tmp_path.iterdir()} == {"me.png", "head.glb", "me.avatar"}
    assert "self.renderer(" in capsys.readouterr().out


def test_the_excerpt_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (text,) = blocks("console")
    command, *shown = text.splitlines()
    assert run(command.removeprefix("$ aetherist ").split()) == 1
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).splitlines()
    assert [line for line in shown if line != "..." and line not in lines] == []
