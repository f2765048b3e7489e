"""Runs a graph step by step and shows what each step takes and gives."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from aetherist.core.check import check
from aetherist.core.errors import did_you_mean
from aetherist.core.graph import Graph, OutputRef, Step
from aetherist.core.plan import Plan
from aetherist.graphs.generate import Stage, latent_of_seed
from aetherist.graphs.live import LiveMemory, size_of
from aetherist.graphs.model import Model
from aetherist.graphs.samples import sample_inputs
from aetherist.graphs.stepwise import Stepwise
from aetherist.serve.engine.messages import Settings
from aetherist.serve.engine.work import RunGraph
from aetherist.serve.engine.worker.checking import read
from aetherist.serve.engine.worker.costs import afford, as_data
from aetherist.serve.engine.worker.looks import picture_of
from aetherist.serve.engine.worker.tokens import Token, Watched


def run_graph(work: RunGraph, token: Token, model: Model | None, device: str, settings: Settings) -> dict[str, Any]:
    """Run a graph, of a model or of a recipe from outside, twice: to look at what steps give, and to time them.

    Raises:
        Refused: If the recipe costs more than is allowed.
        ValueError: If there is no such graph or step, or the recipe is at fault.
    """
    token.tell(0.0, "checking")
    reckoned = None
    if model is None:
        model, reckoned = _foreign(work, token, device, settings)
    graph = _until(_graph(model, work.graph), work.until)
    plan = Plan.build(graph, model.components).eval()
    with torch.no_grad(), Watched(token):
        inputs = _inputs(work, model, plan.graph)
        plan.checks = "off"
        seen = _Watch(plan, token)
        steps = seen.look(inputs)
        seconds = seen.time(inputs)
    for step in steps:
        step["seconds"] = seconds[step["name"]]
    token.tell(1.0, "done")
    return {
        "graph": work.graph,
        "until": work.until,
        "device": str(model.device),
        "seconds": sum(seconds.values()),
        "peak_bytes": max((step["bytes"] for step in steps), default=0),
        "steps": steps,
        "inputs": [_facts(name, value, None) for name, value in inputs.items()],
        "costs": reckoned,
    }


class _Watch:
    """Runs a plan one step at a time."""

    def __init__(self, plan: Plan, token: Token) -> None:
        self.plan = plan
        self.token = token
        self.device = next((p.device for p in plan.parameters()), torch.device("cpu"))

    def look(self, inputs: dict[str, Any]) -> list[dict[str, Any]]:
        """Return for each step what it holds at most, and what it gives; this also warms everything up."""
        steps: list[dict[str, Any]] = []
        memory = LiveMemory()
        memory.ignore(list(self.plan.state_dict(keep_vars=True).values()))
        memory.hold(inputs)
        count = len(self.plan.graph.steps)

        def around(step: Step, run: Callable[[], Any]) -> Any:
            self.token.tell(0.7 * len(steps) / count, f"running {step.name}")
            before = memory.restart()
            with memory:
                result = run()
            peak = memory.peak - before
            steps.append(
                {
                    "name": step.name,
                    "call": step.calls,
                    "component": step.part.name,
                    "type": step.part.cls.component_name,
                    "bytes": peak,
                    "output_bytes": size_of(result),
                    "outputs": [
                        _facts(name, result if step.signature.single else getattr(result, name), step)
                        for name in step.outputs
                    ],
                }
            )
            return result

        Stepwise(self.plan, around)(inputs)
        return steps

    def time(self, inputs: dict[str, Any]) -> dict[str, float]:
        """Return how many seconds each step takes."""
        seconds: dict[str, float] = {}
        count = len(self.plan.graph.steps)

        def around(step: Step, run: Callable[[], Any]) -> Any:
            self.token.tell(0.7 + 0.3 * len(seconds) / count, f"timing {step.name}")
            self._wait()
            start = time.perf_counter()
            result = run()
            self._wait()
            seconds[step.name] = time.perf_counter() - start
            return result

        Stepwise(self.plan, around)(inputs)
        return seconds

    def _wait(self) -> None:
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)


def _facts(name: str, value: Any, step: Step | None) -> dict[str, Any]:
    """Return what is to know of a value, with a picture of it where there is something to see."""
    if not isinstance(value, Tensor):
        return {"name": name, "type": type(value).__name__, "value": _plain(value), "picture": None}
    facts: dict[str, Any] = {
        "name": name,
        "type": str(step.outputs[name]) if step is not None else "",
        "shape": list(value.shape),
        "dtype": str(value.dtype).removeprefix("torch."),
        "picture": None,
    }
    if value.numel() and value.dtype is not torch.bool and not value.is_complex():
        numbers = value.detach().float()
        spread = numbers.std(correction=0)
        facts |= {
            "min": float(numbers.min()),
            "max": float(numbers.max()),
            "mean": float(numbers.mean()),
            "std": float(spread),
            "finite": bool(numbers.isfinite().all()),
        }
        if not facts["finite"]:  # JSON has no such numbers
            facts |= dict.fromkeys(("min", "max", "mean", "std"))
    seen = picture_of(value, step.outputs[name]) if step is not None else None
    if seen is not None:
        facts["picture"], facts["caption"] = seen
    return facts


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)[:200]


def _graph(model: Model, name: str) -> Graph:
    graphs = model.report.graphs
    if name not in graphs:
        raise ValueError(f"{model.recipe.name} has no graph '{name}'; {did_you_mean(name, graphs)}")
    return graphs[name]


def _until(graph: Graph, until: str | None) -> Graph:
    """Return a graph that ends with a step, or all of it."""
    if until is None:
        return graph.select()
    step = graph.steps.get(until)
    if step is None:
        raise ValueError(f"graph '{graph.name}' has no step '{until}'; {did_you_mean(until, graph.steps)}")
    outputs = {name: OutputRef(until, None if step.signature.single else name) for name in step.outputs}
    return Graph(graph.name, graph.inputs, graph.steps, dict(outputs), dict(step.outputs), graph.conditions).select()


def _inputs(work: RunGraph, model: Model, graph: Graph) -> dict[str, Any]:
    """Return what a graph is run on: what follows from the seed and the angles, and samples of anything else."""
    given = sample_inputs(graph, seed=work.seed)
    stage = Stage.of(model)
    views = {"pose": (0.0, 0.0), "camera": (work.yaw, work.pitch)}
    for name in given.keys() & views.keys():
        if isinstance(given[name], Tensor) and given[name].shape[-1:] == (25,):
            given[name] = stage.camera(*views[name])[None]
    latent = given.get("latent")
    if isinstance(latent, Tensor) and latent.ndim == 2:
        given["latent"] = latent_of_seed(work.seed, latent.shape[-1])
    if "seeds" in graph.inputs:
        given["seeds"] = torch.tensor([work.seed])
    if work.psi is not None and "psi" in graph.inputs:
        given["psi"] = float(work.psi)
    mapping = model.report.graphs.get("map") if "styles" in given and graph.name != "map" else None
    if mapping is not None and "styles" in mapping.outputs and mapping.parts.keys() <= model.components.keys():
        plan = Plan.build(mapping, model.components, ["styles"]).eval()
        given["styles"] = plan(**_inputs(work, model, plan.graph))["styles"]
    return {name: value.to(model.device) if isinstance(value, Tensor) else value for name, value in given.items()}


def _foreign(work: RunGraph, token: Token, device: str, settings: Settings) -> tuple[Model, list[dict[str, Any]]]:
    """Return a recipe from outside with fresh weights in what the run needs, once it is known to be affordable."""
    report = check(read(work.text or "", work.overrides))
    report.raise_for_errors()
    model = Model(report, {})
    graph = _until(_graph(model, work.graph), work.until)
    # What follows from the seed alone is made by the graph 'map', where there is one.
    helper = "map" if "styles" in graph.inputs and "map" in report.graphs and work.graph != "map" else None
    found = afford(report, [name for name in (work.graph, helper) if name is not None], settings, token)
    parts = graph.parts | (report.graphs[helper].parts if helper is not None else {})
    with torch.no_grad(), Watched(token):
        for name, part in parts.items():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(zlib.crc32(f"{work.seed}.{name}".encode()))
                model.components[name] = part.build()
    return model.to(device), [as_data(cost) for cost in found.values()]
