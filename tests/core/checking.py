"""Checks recipes written as text against the components of :mod:`tests.core.parts`."""

from __future__ import annotations

from typing import Any

from aetherist.core.check import Report, check
from aetherist.core.errors import Diagnostic, Severity
from aetherist.core.recipe import Recipe
from tests.core.parts import registry

COMPONENTS = """\
components:
  enc: {type: test.encode}
  lin: {type: test.linear}
  paint: {type: test.paint}
  show: {type: test.show}
  prints: {type: test.print}
  unit: {type: test.tounit}
  add: {type: test.add}
  keep: {type: test.keep}
  mix: {type: test.mix}
  passing: {type: test.pass}
  double: {type: test.double}
  halve: {type: test.halve}
  split: {type: test.split}
  stack: {type: test.stack}
  total: {type: test.total}
  row: {type: test.row}
  noise: {type: test.noise}
  mask: {type: test.mask}
  outer: {type: test.outer}
  join: {type: test.join}
  resize: {type: test.resize}
"""
"""One component of most types, to stand behind the graphs of a recipe."""


def checked(text: str, **options: Any) -> Report:
    """Check a whole recipe."""
    return check(Recipe.read("r.yaml", text=text), registry=registry, **options)


def graph(body: str, extra: str = "", **options: Any) -> Report:
    """Check graphs that begin on line 1, with one component of most types behind them, and ``extra`` ones."""
    return checked(body + COMPONENTS + extra, **options)


def serious(report: Report) -> list[Diagnostic]:
    """Return what is worse than a note, but for components that the recipe does not call."""
    return [d for d in report.diagnostics if d.severity is not Severity.NOTE and d.code != "AE302"]


def places(report: Report) -> list[tuple[str, str]]:
    """Return code, line and column of what is worse than a note."""
    return [(d.code, f"{d.where.line}:{d.where.column}" if d.where else "") for d in serious(report)]


def marked(text: str) -> tuple[str, list[str]]:
    """Take the marks ``@`` out of a text; return it and the line and column of each."""
    at = []
    while "@" in text:
        before, _, after = text.partition("@")
        at.append(f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}")
        text = before + after
    return text, at
