"""Where the command line writes: results to stdout, messages to stderr, colour and bars on terminals only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 10_000
"""Where nobody looks, lines are as long as they are."""


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
    heads: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Iterable[str] = (), head: bool = True
) -> None:
    """Print a table; on a terminal it folds to the width, elsewhere each row is one line.

    Args:
        heads: The head of each column.
        rows: The cells.
        right: Heads of the columns to align to the right: numbers.
        head: Whether to print the heads.
    """
    right = set(right)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=head)
    for title in heads:
        justify: Literal["left", "right"] = "right" if title in right else "left"
        table.add_column(title, justify=justify, overflow="fold", no_wrap=title in right)
    for row in rows:
        table.add_row(*row)
    console = stdout()
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def close_quietly() -> None:
    """Give up a pipe whose reader has gone, so that Python does not complain of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
