"""What a training looks like while it runs: a live table on a terminal, plain lines where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from aetherist.cli.console import say, stderr
from aetherist.cli.numbers import amount, memory
from aetherist.graphs.training import events
from aetherist.graphs.training.schedules import spell_count


class PlainView:
    """A line for each interval and for everything that was written."""

    def __init__(self) -> None:
        self.length = 0

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: events.Event) -> None:
        """Tell of an event."""
        match event:
            case events.Started():
                self.length = event.length
                say(started(event))
            case events.Stepped():
                say(line(event, self.length))
            case events.Grown() | events.Saved():
                say(news(event))
            case _:
                pass


class LiveView:
    """A bar, the latest means, and the last news, redrawn in place."""

    def __init__(self) -> None:
        self.console = stderr()
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[state]}"), console=self.console
        )
        self.task = self.bar.add_task("images", total=None, state="")
        self.latest: events.Stepped | None = None
        self.length = 0
        self.live = Live(self._shown(), console=self.console, refresh_per_second=4)

    def __enter__(self) -> LiveView:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.update(self._shown())
        self.live.stop()

    def __call__(self, event: events.Event) -> None:
        """Tell of an event."""
        match event:
            case events.Started():
                self.length = event.length
                self.live.console.print(started(event))
                self.bar.update(self.task, total=event.length, completed=event.images)
            case events.Ticked():
                state = f"{spell_count(event.images)} of {spell_count(self.length)}"
                if self.latest is not None:
                    state += f", {left(self.latest, self.length, event.images)} left"
                self.bar.update(self.task, completed=event.images, state=state)
                return  # the bar is redrawn with the rest, a few times a second
            case events.Stepped():
                self.latest = event
            case events.Grown() | events.Saved():
                self.live.console.print(news(event), soft_wrap=True)
            case _:
                return
        self.live.update(self._shown())

    def _shown(self) -> Group:
        if self.latest is None:
            return Group(self.bar)
        table = Table(box=None, pad_edge=False)
        for head in ("phase", "output", "mean"):
            table.add_column(
                head, justify="right" if head == "mean" else "left", style="dim" if head == "phase" else ""
            )
        for name, value in self.latest.terms.items():
            phase, _, output = name.partition(".")
            table.add_row(phase, output, f"{value:.4g}")
        facts = [f"{self.latest.speed:.3g} images/s", memory(self.latest.memory)]
        facts += [f"{name} {value:.3g}" for name, value in self.latest.controls.items()]
        if self.latest.skipped:
            facts.append(f"{self.latest.skipped} phases left out: a loss was not finite")
        return Group(table, Text("   ".join(facts), style="dim"), self.bar)


def view() -> Any:
    """Return the view for where messages go."""
    return LiveView() if stderr().is_terminal else PlainView()


def started(event: events.Started) -> str:
    """Say from where to where it goes."""
    origin = f"going on from {event.checkpoint}" if event.checkpoint is not None else "starting"
    return f"{origin}: {spell_count(event.images)} of {spell_count(event.length)} images seen, {event.batch} a step"


def line(event: events.Stepped, length: int) -> str:
    """Return an interval as one line."""
    parts = [f"{spell_count(event.images)}/{spell_count(length)}"]
    parts += [f"{name} {value:.4g}" for name, value in {**event.terms, **_named(event.controls)}.items()]
    parts += [f"{event.speed:.3g} images/s", f"{left(event, length, event.images)} left", memory(event.memory)]
    if event.skipped:
        parts.append(f"{event.skipped} left out")
    return "  ".join(parts)


def news(event: events.Grown | events.Saved) -> str:
    """Say what has changed or been written."""
    if isinstance(event, events.Saved):
        return f"{spell_count(event.images)} images: {event.kind} in {event.path}"
    settings = ", ".join(f"{name} = {value}" for name, value in event.settings.items())
    return f"{spell_count(event.images)} images: {settings} from here on"


def left(event: events.Stepped, length: int, images: int) -> str:
    """Return the time that the rest will take at the speed of an interval: ``3 h 12 min``."""
    return clock((length - images) / max(event.speed, 1e-9))


def clock(seconds: float) -> str:
    """Return a long time for reading: ``45 s``, ``12 min``, ``3 h 12 min``, ``4 d 2 h``."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 90:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{days} d {hours % 24} h"


def parameters(counts: Mapping[str, int]) -> str:
    """Return parameters by component on one line."""
    return ", ".join(f"{name} {amount(count)}" for name, count in counts.items())


def _named(controls: Mapping[str, float]) -> dict[str, float]:
    return {f"control.{name}": value for name, value in controls.items()}
