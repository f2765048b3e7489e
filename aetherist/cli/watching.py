"""Work of many parts as it goes on: a bar on terminals, lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from aetherist.cli.console import say, stderr
from aetherist.cli.numbers import duration

Item = TypeVar("Item")


def watched(
    items: Iterable[Item], total: int, kind: str, label: Callable[[Item], str], *, every: int = 1
) -> Iterator[Item]:
    """Pass items on, with a bar on a terminal, and a line for each that is done where there is none.

    Args:
        items: What is worked through.
        total: How many.
        kind: What they are called.
        label: What to say of one, after its number.
        every: Say a line for every so many, and for the last.
    """
    console = stderr()
    if not console.is_terminal:
        for count, item in enumerate(items, 1):
            text = label(item)
            yield item
            if count % every == 0 or count == total:
                say(f"{count}/{total} {text}")
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    with bar:
        task = bar.add_task(kind, total=total)
        for item in items:
            text = label(item)
            yield item
            bar.update(task, advance=1, description=text)


@contextlib.contextmanager
def shared(what: str) -> Iterator[Callable[[float], None]]:
    """Yield what is told the share that is done: a bar with the time that is left, and lines where there is none."""
    console = stderr()
    if not console.is_terminal:
        yield _quarters(what)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _quarters(what: str) -> Callable[[float], None]:
    """Say what begins, and a line for each quarter, with the time that is left at this rate."""
    say(what)
    start, said = time.perf_counter(), 0

    def progress(share: float) -> None:
        nonlocal said
        if said < int(share * 4) < 4:
            said = int(share * 4)
            left = (time.perf_counter() - start) * (1 - share) / share
            say(f"{what}: {share:.0%}, {duration(left)} left")

    return progress
