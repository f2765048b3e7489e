"""Diagnostics as text with the line at fault, and as annotations of GitHub's runners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from aetherist.cli.console import printable

if TYPE_CHECKING:
    from aetherist.core.errors import Diagnostic, Position

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
WIDEST = 140
"""Longer lines of a recipe are shown around the column at fault."""

_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\$\{[^}]*\}|[^\s,{}\[\]:]+(?::[^\s,{}\[\]:]+)*")


def render(diagnostic: Diagnostic, texts: Mapping[str, str] | None = None) -> Text:
    """Return a diagnostic as text: place, code, message; the line with a caret; both sides; notes; the fix.

    Args:
        diagnostic: What was found.
        texts: The files of the recipe by name; what is not among them is read from disk.
    """
    severity = diagnostic.severity.value
    text = Text()
    if diagnostic.where is not None:
        text.append(f"{printable(str(diagnostic.where))}  ", style="bold")
    text.append(f"{severity} {diagnostic.code}", style=STYLES[severity])
    text.append(f"  {printable(diagnostic.message)}\n")
    if diagnostic.where is not None:
        text.append_text(_excerpt(diagnostic.where, texts or {}, STYLES[severity]))
    width = max((len(side.label) for side in diagnostic.sides), default=0)
    for side in diagnostic.sides:
        text.append(printable(f"  {side.label:<{width}}  {side.text}"))
        text.append(printable(f"  ({side.where})") + "\n" if side.where else "\n", style="dim")
    for note in diagnostic.notes:
        text.append("".join(f"  {line}\n" for line in printable(note).split("\n")))
    if diagnostic.fix:
        text.append("  fix: ", style="bold green")
        text.append(f"{printable(diagnostic.fix)}\n")
    text.rstrip()
    return text


def annotation(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as a workflow command of GitHub Actions."""
    kind = {"note": "notice"}.get(diagnostic.severity.value, diagnostic.severity.value)
    properties = []
    body = diagnostic.message
    where = diagnostic.where
    if where is not None and where.line:
        properties = [f"file={_property(where.file)}", f"line={where.line}", f"col={where.column}"]
    elif where is not None:
        body = f"{where}: {body}"
    properties.append(f"title={diagnostic.code}")
    lines = [body]
    lines += [f"{side.label}  {side.text}" + (f"  ({side.where})" if side.where else "") for side in diagnostic.sides]
    lines += diagnostic.notes
    if diagnostic.fix:
        lines.append(f"fix: {diagnostic.fix}")
    return f"::{kind} {','.join(properties)}::{_data(chr(10).join(lines))}"


def count(diagnostics: list[Diagnostic]) -> str:
    """Return how many of each severity there are: ``2 errors, 1 warning``."""
    parts = []
    for severity in STYLES:
        number = sum(d.severity.value == severity for d in diagnostics)
        if number:
            parts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    return ", ".join(parts) or "no faults"


def _excerpt(where: Position, texts: Mapping[str, str], style: str) -> Text:
    """Return the line that a position points to, with carets under the word there."""
    line = _line(where, texts)
    if line is None:
        return Text()
    start = min(where.column - 1, len(line))
    word = _WORD.match(line, start)
    length = max(len(word.group()) if word else 1, 1)
    left = 0
    if len(line) > WIDEST:
        left = max(min(start - WIDEST // 3, len(line) - WIDEST), 0)
        line = line[left : left + WIDEST]
        length = max(min(length, WIDEST - (start - left)), 1)
    gutter = " " * len(str(where.line))
    text = Text()
    text.append(f"{where.line} | ", style="dim")
    text.append(f"{line}\n")
    text.append(f"{gutter} | ", style="dim")
    text.append(" " * (start - left))
    text.append("^" * length + "\n", style=style)
    return text


def _line(where: Position, texts: Mapping[str, str]) -> str | None:
    if where.line < 1:
        return None
    text = texts.get(where.file)
    if text is None:
        try:
            text = Path(where.file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
    lines = text.splitlines()
    if where.line > len(lines):
        return None
    return "".join(c if c.isprintable() else " " for c in lines[where.line - 1])


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
