"""Where the command line writes: results to stdout, messages to stderr, colour and bars on terminals only."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 10_000
"""Where nobody looks, lines are as long as they are."""

NARROWEST = 28
"""A column of text is at least so wide."""


def stdout() -> Console:
    """Return the console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Return the console for messages."""
    return _console(sys.stderr)


def _console(file: Any) -> Console:
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def write(text: str) -> None:
    """Write a result as it is: code, YAML, JSON."""
    sys.stdout.write(text)


def show(*lines: RenderableType) -> None:
    """Print results; a line is never broken."""
    console = stdout()
    for line in lines:
        console.print(line, soft_wrap=True)


def say(*lines: RenderableType) -> None:
    """Print messages; a line is never broken."""
    console = stderr()
    for line in lines:
        console.print(line, soft_wrap=True)


def warn(message: str) -> None:
    """Print a warning."""
    say(Text.assemble(("note: ", "bold cyan"), message))


def columns(
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    right: Iterable[str] = (),
    fold: str | None = None,
    head: bool = True,
) -> None:
    """Print a table; elsewhere than on a terminal each row is one line.

    Args:
        heads: The head of each column.
        rows: The cells.
        right: Heads of the columns to align to the right: numbers.
        fold: Head of the column of text, by default the last: on a terminal it folds to the width that is left, and
            where too little is left it goes below its row.
        head: Whether to print the heads.
    """
    console = stdout()
    text = len(heads) - 1 if fold is None else heads.index(fold)
    widths = [max([cell_len(heads[i]), *(_width(row[i]) for row in rows)]) for i in range(len(heads))]
    left = console.width - sum(widths[:text] + widths[text + 1 :]) - 2 * len(heads)
    below = left < min(widths[text], NARROWEST)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=head)
    for index, title in enumerate(heads):
        if index != text or not below:
            justify: Literal["left", "right"] = "right" if title in right else "left"
            table.add_column(title, justify=justify, overflow="fold", no_wrap=index != text)
    for row in rows:
        table.add_row(*(cell for index, cell in enumerate(row) if index != text or not below))
    if below:
        console.width = max(console.width, sum(widths))
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().splitlines()
    for index, line in enumerate(lines):
        sys.stdout.write(line.rstrip() + "\n")
        row_index = index - head
        if below and row_index >= 0:
            _below(str(rows[row_index][text]))


def _below(text: str) -> None:
    """Print what did not fit its column, folded and set in."""
    width = max(stdout().width - 6, NARROWEST)
    for line in text.splitlines():
        for part in textwrap.wrap(line, width):
            sys.stdout.write(f"      {part}\n")


def _width(cell: str | Text) -> int:
    return max(map(cell_len, str(cell).splitlines()), default=0)


def printable(text: str) -> str:
    """Return a text without the control characters that a terminal would obey; files and names may hold any."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def close_quietly() -> None:
    """Give up a pipe whose reader has gone, so that Python does not complain of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
