"""Work of many parts as it goes on: a bar on terminals, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from aetherist.cli.console import say, stderr

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
