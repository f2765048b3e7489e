"""Timing that survives a noisy machine: contenders take turns, medians are compared, ratios are reported."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Work = Callable[[], Any]


def median_seconds(work: Work, repeats: int = 7, calls: int = 1) -> float:
    """Return the median time of one call, over ``repeats`` runs of ``calls`` calls after one to warm up."""
    work()
    return statistics.median(_run(work, calls) for _ in range(repeats))


def in_turns(works: Sequence[Work], repeats: int = 7, calls: int = 1) -> list[float]:
    """Return each contender's median seconds a call; they run in turns, so that a drift of the machine hits all."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for mine, work in zip(times, works, strict=True):
            mine.append(_run(work, calls))
    return [statistics.median(mine) for mine in times]


def _run(work: Work, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table under a heading."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"\n## {title}\n", lines[0], rule, *lines[1:]])


def seconds(value: float) -> str:
    """Spell a time with a unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"
