"""Tables: one line a row in a pipe, folded or unfolded to the width of a terminal."""

from __future__ import annotations

import pytest

from aetherist.cli.console import columns

ROWS = [["alpha", "1", "a text that is rather long for a narrow terminal"], ["b", "20", "short"]]


@pytest.fixture
def terminal(monkeypatch):
    def of(width: int) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb-but-wide")
        monkeypatch.setenv("COLUMNS", str(width))

    return of


def printed(capsys, **options) -> list[str]:
    columns(["name", "count", "meaning"], ROWS, right=("count",), **options)
    out = capsys.readouterr().out
    return [line.replace("\x1b[1m", "").replace("\x1b[0m", "").rstrip() for line in out.splitlines()]


def test_a_pipe_gets_a_line_a_row(capsys, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    assert printed(capsys) == [
        "name   count  meaning",
        "alpha      1  a text that is rather long for a narrow terminal",
        "b         20  short",
    ]
    assert printed(capsys, head=False)[0].startswith("alpha")


def test_a_terminal_folds_the_text(capsys, terminal):
    terminal(50)
    assert printed(capsys) == [
        "name   count  meaning",
        "alpha      1  a text that is rather long for a",
        "              narrow terminal",
        "b         20  short",
    ]


def test_a_narrow_terminal_puts_the_text_below(capsys, terminal):
    terminal(38)
    assert printed(capsys) == [
        "name   count",
        "alpha      1",
        "      a text that is rather long for a",
        "      narrow terminal",
        "b         20",
        "      short",
    ]
