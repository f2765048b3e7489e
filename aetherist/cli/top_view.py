"""What ``aetherist top`` shows of a gateway."""

from __future__ import annotations

from collections import deque
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aetherist.cli.console import printable
from aetherist.cli.numbers import duration, many, memory

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
"""Eighths of a character's height."""

HISTORY = 40
"""Looks whose throughput is drawn."""

PROBLEMS = 5
"""Recent problems that are listed."""


class View:
    """A gateway as it was at the last look."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.state: dict[str, Any] = {}
        self.trouble = ""
        self.throughputs: deque[float] = deque(maxlen=HISTORY)

    def take(self, state: dict[str, Any]) -> None:
        """Take what a look found."""
        self.state, self.trouble = state, ""
        self.throughputs.append(float(state.get("throughput") or 0.0))

    def failed(self, trouble: str) -> None:
        """Note that a look found nothing; what was seen before stays."""
        self.trouble = trouble

    def drawn(self) -> RenderableType:
        """Return all of it."""
        parts = [self._head(), Text(), self._work(), Text(), self._latency(), Text(), self._workers()]
        problems = self._problems()
        if problems is not None:
            parts += [Text(), problems]
        return Group(*parts)

    def _head(self) -> Text:
        state = self.state
        head = Text.assemble(
            (printable(self.url), "bold"),
            f"  Aetherist {_said(state.get('version'))}, up {clock(state.get('uptime') or 0)}, ",
            f"serving {', '.join(map(_said, state.get('models') or [])) or 'nothing'}",
        )
        if state.get("draining"):
            head.append("  shutting down", "bold yellow")
        if self.trouble:
            head.append(f"\n{self.trouble}", "bold red")
        return head

    def _work(self) -> Table:
        queue, jobs, store = (self.state.get(name) or {} for name in ("queue", "jobs", "artifacts"))
        waiting = queue.get("waiting") or {}
        full = sum(waiting.values()) >= (queue.get("limit") or 1)
        lanes = ", ".join(f"{count} {_said(lane)}" for lane, count in waiting.items() if count)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim")
        table.add_column()
        table.add_row("throughput", f"{self.throughputs[-1]:.3g}/s  {bars(self.throughputs)}".rstrip())
        table.add_row(
            "queue",
            Text(
                f"{lanes or '0'} waiting of {queue.get('limit')}, {queue.get('in_flight', 0)} at work, "
                f"{many(queue.get('clients', 0), 'client')}",
                style="red" if full else "",
            ),
        )
        sizes = self.state.get("batch_sizes") or {}
        if sizes:
            count = sum(sizes.values())
            mean = sum(int(size) * times for size, times in sizes.items()) / max(count, 1)
            table.add_row("batches", f"{count}, of {mean:.2g}{'' if count == 1 else ' on average'}")
        table.add_row(
            "jobs", ", ".join(f"{count} {_said(status)}" for status, count in jobs.items() if count) or "none"
        )
        viewers, streams = self.state.get("websocket_connections", 0), self.state.get("event_streams", 0)
        table.add_row("viewers", f"{viewers}, and {many(streams, 'event stream')}")
        used = self.state.get("memory") or {}
        workers = "worker" if len(self.state["workers"]) == 1 else "workers"
        told = f"{memory(used.get('process', 0))} server, {memory(used.get('workers', 0))} {workers}, "
        table.add_row("memory", f"{told}{memory(used.get('available', 0))} of {memory(used.get('machine', 0))} free")
        quota = f" of {memory(store['quota'])}" if store.get("quota") else ""
        table.add_row("artifacts", f"{memory(store.get('bytes', 0))}{quota}")
        return table

    def _latency(self) -> RenderableType:
        stages = self.state.get("latency") or {}
        if not stages:
            return Text("no work in the last five minutes", style="dim")
        table = _table("stage", "count", "median", "95th", "99th")
        for stage, found in stages.items():
            times = (duration(found[name]) for name in ("p50", "p95", "p99"))
            table.add_row(_said(stage), str(found["count"]), *times)
        return table

    def _workers(self) -> Table:
        table = _table("worker", "pid", "memory", "busy", "restarts", text=("models",))
        for worker in self.state["workers"]:
            state = "" if worker["ready"] else " starting" if worker["alive"] else " dead"
            sizes = worker["memory"]
            table.add_row(
                Text(f"{_said(worker['device'])}{state}", style="" if worker["ready"] else "bold red"),
                str(worker["pid"] or ""),
                memory(max(sizes.values(), default=0)),
                str(sum(worker["busy"].values())),
                str(worker["restarts"]),
                ", ".join(_model(model) for model in worker["models"]),
            )
        return table

    def _problems(self) -> RenderableType | None:
        recent = ((self.state.get("errors") or {}).get("recent") or [])[:PROBLEMS]
        if not recent:
            return None
        table = _table("problems", "times", text=("at",))
        for problem in recent:
            table.add_row(_said(problem["code"]), str(problem["count"]), _said(problem["at"]).replace("T", " ")[:19])
        return table


def clock(seconds: float) -> str:
    """Return how long something has run: ``45 s``, ``12 min``, ``3 h 12 min``, ``4 d 2 h``."""
    minutes, hours, days = int(seconds) // 60, int(seconds) // 3600, int(seconds) // 86400
    if minutes < 2:
        return f"{int(seconds)} s"
    if hours < 2:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if days < 2 else f"{days} d {hours % 24} h"


def bars(values: deque[float]) -> str:
    """Return numbers as a row of bars, the largest of them full; a single one says nothing yet."""
    most = max(values)
    if len(values) < 2 or most <= 0:
        return ""
    return "".join(BARS[min(int(value / most * len(BARS)), len(BARS) - 1)] for value in values)


def _table(first: str, *numbers: str, text: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first)
    for name in numbers:
        table.add_column(name, justify="right")
    for name in text:
        table.add_column(name)
    return table


def _model(model: dict[str, Any]) -> str:
    name = _said(model["name"])
    if model["status"] == "ready":
        return name
    return f"{name} ({_said(model['error'] or model['status'])})"


def _said(value: Any) -> str:
    return printable(str(value))
