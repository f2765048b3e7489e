"""What can be known of a training before it starts: that it fits its graphs and components, at every size to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from aetherist.core.check import Report, check
from aetherist.core.errors import Diagnostic, Severity, did_you_mean
from aetherist.core.graph import Graph, GraphInput
from aetherist.core.ports import misfit
from aetherist.graphs.training.derivatives import differentiating_steps
from aetherist.graphs.training.feeds import drawn_shape
from aetherist.graphs.training.growth import grown, stages
from aetherist.graphs.training.phases import evaluated
from aetherist.graphs.training.reading import SECTION, parse_training, setting
from aetherist.graphs.training.schedules import Schedule
from aetherist.graphs.training.snapshots import NAME, snapshot_feeds, snapshot_outputs
from aetherist.graphs.training.spec import (
    ControlFeed,
    DrawFeed,
    Feed,
    FieldFeed,
    OptimizerSpec,
    PhaseSpec,
    TrainingSpec,
    ValueFeed,
)

Faults = Iterator[Diagnostic]


def check_training(report: Report) -> list[Diagnostic]:
    """Check what a recipe says of training against its components and graphs.

    Args:
        report: Of the recipe's own check; graphs that are at fault there are not reported again.

    Returns:
        Every fault, by position; nothing for a recipe without ``training:``.
    """
    spec, faults = parse_training(report.recipe)
    if spec is not None:
        faults = [*faults, *_Check(report, spec).run()]
    return sorted(faults, key=Diagnostic.sort_key)


def _retold(fault: Diagnostic) -> tuple[str, ...]:
    """Return what a fault of a grown recipe says; that recipe is in no file, so places in it would mislead."""
    bare = attrs.evolve(fault, code="", where=None, fix=None, sides=())
    sides = [f"{side.label} {side.text}".replace(", <recipe>", "") for side in fault.sides]
    message, *notes = str(bare).strip().splitlines()
    return (f"{fault.path}: {message}", *sides, *(note.strip() for note in notes))


class _Check:
    """The checks of one recipe."""

    def __init__(self, report: Report, spec: TrainingSpec) -> None:
        self.report, self.recipe, self.spec = report, report.recipe, spec
        self.used: set[str] = set()

    def run(self) -> Faults:
        found = [fault for name, phase in self.spec.phases.items() for fault in self._phase(name, phase)]
        yield from found
        yield from self._controls()
        yield from self._growth()
        yield from self._known(self.spec.full_precision, self.report.parts, "component", (SECTION, "full_precision"))
        yield from self._averages()
        yield from self._snapshots()
        if found or any(phase.graph not in self.report.graphs for phase in self.spec.phases.values()):
            return  # a phase that is at fault may be what the feeds are for
        for name in self.spec.feeds.keys() - self.used:
            place = (SECTION, "feeds", name)
            message = f"no phase has an input '{name}' to feed"
            yield self.recipe.fault("AE709", message, *place, of_key=True, severity=Severity.WARNING)

    def _phase(self, name: str, phase: PhaseSpec) -> Faults:
        place = (SECTION, "phases", name)
        for key in ("update", "checkpoint_activations"):
            yield from self._known(getattr(phase, key), self.report.parts, "component", (*place, key))
        yield from self._optimizer(name, phase)
        graphs = self.recipe.spec.graphs
        if phase.graph not in graphs:
            yield from self._known([phase.graph], graphs, "graph", (*place, "graph"), indexed=False)
        if phase.graph not in self.report.graphs:
            return
        graph = self.report.graphs[phase.graph]
        watched = [spec.watch.partition(".")[2] for spec in self.spec.controls.values()]
        watched = [output for output in watched if output in graph.outputs]
        outputs = [("minimise", phase.minimise), *(("report", output) for output in phase.report or [])]
        outputs += [(f"after.{called}", output) for called, output in phase.after.items()]
        missing = [(key, output) for key, output in outputs if output not in graph.outputs]
        for key, output in missing:
            message = f"graph '{phase.graph}' has no output '{output}' ({key})"
            notes = (did_you_mean(output, graph.outputs),)
            yield self.recipe.fault("AE701", message, *place, key.partition(".")[0], notes=notes)
        yield from self._calls(phase, place)
        if missing:
            return
        yield from self._minimised(phase, graph, place)
        pruned = graph.select(evaluated(phase, graph, watched))
        yield from self._inputs(pruned, self.spec.feeds_of(name), (*place, "feeds"), place)
        yield from self._compiled(name, phase, pruned, place)

    def _known(
        self, names: Iterable[str], known: Iterable[str], kind: str, place: tuple[str, ...], indexed: bool = True
    ) -> Faults:
        known = list(known)
        for index, name in enumerate(names):
            if name not in known and not self.recipe.is_broken(f"{kind}s", name):
                where: tuple[str | int, ...] = (*place, index) if indexed else place
                notes = (did_you_mean(name, known),)
                yield self.recipe.fault("AE701", f"the recipe has no {kind} '{name}'", *where, notes=notes)

    def _optimizer(self, name: str, phase: PhaseSpec) -> Faults:
        place = (SECTION, "phases", name)
        if isinstance(phase.optimizer, OptimizerSpec):
            return
        phases = self.spec.phases
        owners = [key for key, other in phases.items() if isinstance(other.optimizer, OptimizerSpec)]
        if phase.optimizer not in owners:
            message = f"'{phase.optimizer}' is no phase with an optimizer of its own"
            yield self.recipe.fault(
                "AE701", message, *place, "optimizer", notes=(did_you_mean(phase.optimizer, owners),)
            )
            return
        foreign = [part for part in phase.update if part not in phases[phase.optimizer].update]
        if foreign:
            message = f"the optimizer of '{phase.optimizer}' does not have {', '.join(foreign)}, which '{name}' updates"
            fix = f"update those in '{phase.optimizer}' too, or give '{name}' an optimizer of its own"
            yield self.recipe.fault("AE707", message, *place, "optimizer", fix=fix)

    def _calls(self, phase: PhaseSpec, place: tuple[str, ...]) -> Faults:
        for called in phase.after:
            part, _, method = called.partition(".")
            known = self.report.parts.get(part)
            if known is None or not callable(getattr(known.cls, method, None)):
                message = f"'{called}' is no method of a component"
                yield self.recipe.fault(
                    "AE701", message, *place, "after", called, of_key=True, fix="write component.method: output"
                )

    def _minimised(self, phase: PhaseSpec, graph: Graph, place: tuple[str, ...]) -> Faults:
        type_ = graph.output_types[phase.minimise]
        if type_.kind != "tensor" or type_.shape.axes:
            message = f"'{phase.minimise}' is {type_}; what is minimised is one number"
            yield self.recipe.fault("AE702", message, *place, "minimise", fix="minimise a scalar output: a loss")
        parts = {step.part.name for step in graph.needed([phase.minimise])}
        for index, name in enumerate(phase.update):
            if name in self.report.parts and name not in parts:
                message = f"'{phase.minimise}' does not depend on '{name}', so nothing would move it"
                notes = (f"it depends on {', '.join(sorted(parts)) or 'no component'}",)
                yield self.recipe.fault("AE703", message, *place, "update", index, notes=notes)

    def _inputs(self, graph: Graph, feeds: dict[str, Feed], own: tuple[str, ...], around: tuple[str, ...]) -> Faults:
        for name, given in graph.inputs.items():
            if name not in feeds:
                if given.required:
                    message = f"nothing feeds the input '{name}' of graph '{graph.name}'; it takes {given.type}"
                    fix = f"add it to training.feeds: {name}: {{draw: normal}}, or {{field: ...}}, or {{value: ...}}"
                    yield self.recipe.fault("AE704", message, *around, of_key=True, fix=fix)
                continue
            place = (*own, name) if self.recipe.root.find((*own, name)) is not None else (SECTION, "feeds", name)
            if place[1] == "feeds":
                self.used.add(name)
            problem = self._problem(feeds[name], given)
            if problem:
                yield self.recipe.fault("AE705", f"the feed does not fit the input '{name}': {problem}", *place)

    def _problem(self, feed: Feed, given: GraphInput) -> str | None:
        type_ = given.type
        match feed:
            case DrawFeed():
                if type_.kind != "tensor":
                    return f"it is {type_}, and draws are tensors"
                whole = type_.dtypes is not None and not any("float" in dtype for dtype in type_.dtypes)
                if whole is not (feed.draw == "seeds"):
                    return f"it is {type_}; seeds are integers, normal and uniform draws are not"
                try:
                    drawn_shape(type_, feed, 1)
                except ValueError as error:
                    return str(error)
                return None
            case FieldFeed():
                if isinstance(feed.size, str) and setting(self.report, feed.size) is None:
                    return f"'{feed.size}' is no whole-numbered setting of a component, such as rays.resolution"
                return None if type_.kind == "tensor" else f"it is {type_}, and fields of the data are tensors"
            case ControlFeed():
                if feed.control not in self.spec.controls:
                    return f"no control is called '{feed.control}'; {did_you_mean(feed.control, self.spec.controls)}"
                return misfit(0.5, type_)
            case ValueFeed():
                return misfit(float(feed.value.at(0)) if isinstance(feed.value, Schedule) else feed.value, type_)

    def _compiled(self, name: str, phase: PhaseSpec, graph: Graph, place: tuple[str, ...]) -> Faults:
        steps = differentiating_steps(graph) if phase.compile else []
        if steps:
            message = f"phase '{name}' cannot be compiled: it differentiates twice, which compiled code cannot"
            note = (
                f"its step '{steps[0]}' takes a derivative within the graph, and the optimizer then takes one of that"
            )
            yield self.recipe.fault("AE706", message, *place, "compile", notes=(note,), fix="remove compile: true")

    def _controls(self) -> Faults:
        for name, control in self.spec.controls.items():
            phase, _, output = control.watch.partition(".")
            graph = self.report.graphs.get(self.spec.phases[phase].graph) if phase in self.spec.phases else None
            if phase not in self.spec.phases or (graph is not None and output not in graph.outputs):
                message = f"'{control.watch}' is no output of a phase's graph"
                known = self.spec.phases if graph is None else [f"{phase}.{key}" for key in graph.outputs]
                notes = (did_you_mean(control.watch, known),)
                yield self.recipe.fault("AE701", message, SECTION, "controls", name, "watch", notes=notes)

    def _growth(self) -> Faults:
        for name in self.spec.grow:
            if setting(self.report, name) is None:
                message = f"'{name}' is no whole-numbered setting of a component"
                yield self.recipe.fault("AE701", message, SECTION, "grow", name, of_key=True)
                return
        if not self.report.ok:
            return
        for images, settings in stages(self.spec.grow):
            errors = [d for d in check(grown(self.recipe, settings)).diagnostics if d.severity is Severity.ERROR]
            if errors:
                values = ", ".join(f"{key} = {value}" for key, value in settings.items())
                message = f"after {images:,} images, at {values}, the recipe no longer fits together"
                notes = _retold(errors[0])
                yield self.recipe.fault(
                    "AE708", message, SECTION, "grow", *list(settings)[:1], of_key=True, notes=notes
                )
                return

    def _averages(self) -> Faults:
        names = (self.spec.ema.components if self.spec.ema is not None else None) or []
        yield from self._known(names, self.report.parts, "component", (SECTION, "ema", "components"))

    def _snapshots(self) -> Faults:
        snapshots, place = self.spec.snapshots, (SECTION, NAME)
        if snapshots.graph not in self.recipe.spec.graphs:
            if self.recipe.root.find((*place, "graph")) is not None:
                yield from self._known(
                    [snapshots.graph], self.recipe.spec.graphs, "graph", (*place, "graph"), indexed=False
                )
            return
        graph = self.report.graphs.get(snapshots.graph)
        outputs = snapshot_outputs(snapshots, graph) if graph is not None else []
        if graph is not None and outputs:
            pruned = graph.select(outputs)
            yield from self._inputs(pruned, snapshot_feeds(self.spec, pruned), (*place, "feeds"), place)
