"""What a graph takes, measured: the time and the memory of every step on a device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile

from aetherist.core.graph import Step
from aetherist.core.plan import Plan
from aetherist.graphs.model import Model
from aetherist.graphs.samples import sample_inputs
from aetherist.graphs.stepwise import Stepwise


@attrs.frozen
class StepMeasure:
    """How long a step takes (median), and the most memory it holds at once beside what came in."""

    name: str
    calls: str
    type: str
    seconds: float
    peak_bytes: int


@attrs.frozen
class Profile:
    """A graph's steps as measured. ``seconds`` is the whole graph's median, run as generated code.

    ``peak_bytes`` is the most that one run holds at once, parameters apart.
    """

    graph: str
    device: str
    batch: int
    repeats: int
    steps: list[StepMeasure]
    seconds: float
    peak_bytes: int


def profile(
    model: Model,
    graph: str,
    *,
    outputs: Iterable[str] | None = None,
    batch: int = 1,
    repeats: int = 5,
    sizes: Mapping[str, int] | None = None,
) -> Profile:
    """Measure inference on the device that the model is on, after one run to warm up.

    Time and memory come from separate runs, for watching memory takes time. On a CPU memory is what PyTorch's
    allocator hands out, scratch space of operations included (a kernel library's own buffers are not seen); on a GPU it
    is the allocator's peak.

    Raises:
        ValueError: If there is no such graph, output or open axis.
    """
    plan = model.plan(graph, outputs)
    device = model.device
    drawn = sample_inputs(plan.graph, batch=batch, sizes=sizes)
    inputs = {name: v.to(device) if isinstance(v, torch.Tensor) else v for name, v in drawn.items()}
    plan.checks = "off"
    with torch.no_grad():
        whole = _peak(device, lambda: plan(**inputs))
        seconds = [_seconds(device, lambda: plan(**inputs)) for _ in range(repeats)]
        times = _each(plan, inputs, lambda run: _seconds(device, run), repeats)
        peaks = _each(plan, inputs, lambda run: _peak(device, run), 1)
    steps = [
        StepMeasure(
            step.name, step.calls, step.part.cls.component_name, statistics.median(times[name]), int(peaks[name][0])
        )
        for name, step in plan.graph.steps.items()
    ]
    return Profile(graph, str(device), batch, repeats, steps, statistics.median(seconds), whole)


def _each(
    plan: Plan, inputs: Mapping[str, Any], measure: Callable[[Callable[[], Any]], float], repeats: int
) -> dict[str, list[float]]:
    """Run the plan step by step and take one measure of each step."""
    measures: dict[str, list[float]] = {}

    def around(step: Step, run: Callable[[], Any]) -> Any:
        made = []
        measures.setdefault(step.name, []).append(measure(lambda: made.append(run())))
        return made[0]

    for _ in range(repeats):
        Stepwise(plan, around)(inputs)
    return measures


def _seconds(device: torch.device, run: Callable[[], Any]) -> float:
    _wait(device)
    start = time.perf_counter()
    run()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _peak(device: torch.device, run: Callable[[], Any]) -> int:
    if device.type == "cuda":
        _wait(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        _wait(device)
        return torch.cuda.max_memory_allocated(device) - before
    return _cpu_peak(run)


def _cpu_peak(run: Callable[[], Any]) -> int:
    """Return the most that PyTorch's CPU allocator had handed out at once, above where it started."""
    with torch_profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as profiler:
        run()
    assert profiler.profiler is not None
    assert profiler.profiler.kineto_results is not None
    live = peak = 0
    changes = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    for change in sorted(changes, key=lambda event: event.start_ns()):
        live += change.nbytes()
        peak = max(peak, live)
    return peak
