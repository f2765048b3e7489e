"""Work as it goes on: bars on terminals, lines elsewhere."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from aetherist.cli import watching


def test_each_quarter_is_a_line_with_the_time_that_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with watching.shared("surface") as progress:
        for share in (0.1, 0.25, 0.3, 0.8, 1.0):
            progress(share)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "surface"
    assert [re.sub(r"[\d.]+ \w+ left", "T left", line) for line in lines[1:]] == [
        "surface: 25%, T left",
        "surface: 80%, T left",
    ]


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(watching, "stderr", lambda: terminal)
    with watching.shared("surface") as progress:
        progress(0.5)
        progress(1.0)
    shown = terminal.file.getvalue()
    assert "surface" in shown
    assert "100%" in shown
    assert "0:00:00" in shown
