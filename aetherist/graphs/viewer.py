"""Pictures of people: what one graph of a model shows of seeds and of styles, from each camera."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.core.graph import Graph
from aetherist.core.plan import Plan
from aetherist.graphs.generate import Stage, latent_of_seed, latent_size, picture_type, to_pixels
from aetherist.graphs.model import Model
from aetherist.graphs.panes import Pane, pane_of

SHOWN_FROM = ("styles", "camera", "seeds")
"""The inputs of a graph that shows people by their styles."""


@attrs.frozen(eq=False)
class Subject:
    """Someone to look at.

    Attributes:
        name: What files of the pictures are called: ``seed0007``.
        inputs: The inputs of the graph that say who it is, one row each.
        told: What metadata says of it, JSON-ready.
    """

    name: str
    inputs: Mapping[str, Tensor]
    told: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Picture:
    """One picture and what it shows.

    Attributes:
        pixels: ``(3, H, W)`` or ``(1, H, W)`` uint8, on the CPU; a pane stands to the right.
        subject: Who it is.
        view: Which of the cameras, from 0.
        camera: Its 25 numbers, if the graph takes a camera.
        scale: The values that black and white stand for, where they are not fixed.
    """

    pixels: Tensor
    subject: Subject
    view: int
    camera: Tensor | None
    scale: tuple[float, float] | None


class Viewer:
    """Shows people with one graph of a model.

    The graph takes a ``latent``, as ``generate`` does, or ``styles``, as ``show`` does (those of a seed then come from
    the graph ``map``); and, where it has them, ``pose``, ``camera``, ``psi``, ``cutoff``, ``seeds``.

    Args:
        model: Opened, on the device to use.
        graph: Its name.
        output: The output that is the picture.
        pane: What to show beside it: ``depth`` or ``normal``, of the graph's output ``depth`` (and ``alpha``).
        psi: Truncation of seeds towards the average, or what the recipe says.
        cutoff: Truncate this many style layers, or what the recipe says.

    Raises:
        ValueError: If the graph cannot be fed so, its output is no picture, or it has no depth for a pane.
    """

    def __init__(
        self,
        model: Model,
        *,
        graph: str = "generate",
        output: str = "image",
        pane: Pane | None = None,
        psi: float | None = None,
        cutoff: int | None = None,
    ) -> None:
        self.model = model
        self.output = output
        self.pane = pane
        self.stage = Stage.of(model)
        outputs = [output]
        if pane is not None:
            known = model.report.graphs[graph].outputs if graph in model.report.graphs else ()
            if known and "depth" not in known:
                raise ValueError(f"a pane of {pane} is made of depth, and graph '{graph}' has no output 'depth'")
            outputs += [name for name in ("depth", "alpha") if name in known and name != output]
        self.plan = model.plan(graph, outputs)
        self._map = _mapping(model, self.plan.graph)
        self.latent_dim = latent_size(self.source) if self._map is not None or not self.takes_styles else None
        self.type = picture_type(self.plan.graph, output)
        self.options = _options(self.source, {"psi": psi, "cutoff": cutoff})

    @property
    def source(self) -> Graph:
        """The graph that takes the latents of seeds."""
        return self.plan.graph if self._map is None else self._map.graph

    @property
    def takes_camera(self) -> bool:
        """Whether pictures depend on a camera."""
        return "camera" in self.plan.graph.inputs

    @property
    def takes_styles(self) -> bool:
        """Whether people are given by their styles."""
        return "styles" in self.plan.graph.inputs

    def truncation(self) -> dict[str, Any]:
        """Return the truncation of seeds that is in force: what was asked for, or what the recipe says."""
        if self.latent_dim is None:
            return {}
        given = self.source.inputs
        return {name: given[name].default for name in ("psi", "cutoff") if name in given} | self.options

    def of_seed(self, seed: int) -> Subject:
        """Return the person of a seed, conditioned on the frontal camera.

        Raises:
            ValueError: If no graph of the model makes styles of a latent.
        """
        if self.latent_dim is None:
            raise ValueError(
                f"graph '{self.plan.graph.name}' takes styles, and {self.model.recipe.name} has no graph 'map' that "
                "makes them of a seed"
            )
        told: dict[str, Any] = {"seed": seed}
        inputs = {"latent": latent_of_seed(seed, self.latent_dim)}
        known = self.source.inputs
        if "pose" in known:
            inputs["pose"] = self.stage.camera()[None]
            told["pose"] = inputs["pose"][0].tolist()
        if "seeds" in {*known, *self.plan.graph.inputs}:
            inputs["seeds"] = torch.tensor([seed])
        if self._map is not None:
            with torch.no_grad():
                given = {name: value.to(self.model.device) for name, value in inputs.items() if name in known}
                inputs["styles"] = self._map(**given, **self.options)["styles"].cpu()
        taken = {name: value for name, value in inputs.items() if name in self.plan.graph.inputs}
        return Subject(f"seed{seed:04d}", taken, told)

    def of_styles(
        self, name: str, styles: Tensor, told: Mapping[str, Any] | None = None, *, seed: int | None = None
    ) -> Subject:
        """Return the person of styles ``(L, D)``; ``seed`` is that of the noise, where the graph takes one."""
        inputs = {"styles": styles[None]}
        if "seeds" in self.plan.graph.inputs:
            inputs["seeds"] = torch.tensor([seed or 0])
        return Subject(name, inputs, told or {})

    def pictures(self, subjects: Iterable[Subject], cameras: Sequence[Tensor], *, batch: int = 1) -> Iterator[Picture]:
        """Yield a picture of each person from each camera; all cameras of a few people, then the next people.

        What depends on the person alone is computed once. A picture does not depend on ``batch``.

        Args:
            subjects: Any number, one after the other.
            cameras: ``(25,)`` each; of a graph that takes none only their number counts.
            batch: How many people go together.
        """
        for group in _groups(subjects, batch):
            person = self.bind(group)
            for view, camera in enumerate(cameras if self.takes_camera else [None]):
                yield from self.look(person, group, camera, view)

    def bind(self, subjects: Sequence[Subject]) -> Plan:
        """Return the plan of the camera that is left when it is known who is looked at."""
        with torch.no_grad():
            return self.plan.bind(**self._identity(subjects))

    def look(
        self, person: Plan | None, subjects: Sequence[Subject], camera: Tensor | None, view: int = 0
    ) -> Iterator[Picture]:
        """Yield the pictures of a few people from one camera ``(25,)``.

        Args:
            person: What :meth:`bind` returned for them, or ``None`` to compute all of it for this once.
            subjects: Who they are.
            camera: ``None`` of a graph that takes none.
            view: What to call the camera.
        """
        inputs: dict[str, Any] = {} if person is not None else self._identity(subjects)
        if camera is not None and self.takes_camera:
            inputs["camera"] = camera.expand(len(subjects), -1).to(self.model.device)
        with torch.no_grad():
            made = {name: value.cpu() for name, value in (person or self.plan)(**inputs).items()}
        for row, subject in enumerate(subjects):
            values = made[self.output][row]
            if not values.isfinite().all():
                raise ValueError(
                    f"the picture of {subject.name} has numbers that are not finite: the weights are damaged (a "
                    "training that diverged?), or an option is no number"
                )
            pixels, scale = to_pixels(values, self.type.meaning)
            if self.pane is not None:
                pixels = self._beside(pixels, {name: value[row] for name, value in made.items()}, camera)
            yield Picture(pixels, subject, view, camera if self.takes_camera else None, scale)

    def _beside(self, pixels: Tensor, made: Mapping[str, Tensor], camera: Tensor | None) -> Tensor:
        assert self.pane is not None
        seen_from = self.stage.camera() if camera is None else camera.cpu()
        size = (pixels.shape[-2], pixels.shape[-1])
        pane = pane_of(self.pane, made["depth"].float(), made.get("alpha"), seen_from, self.stage, size)
        return torch.cat([pixels.expand(3, -1, -1), pane], dim=-1)

    def _identity(self, subjects: Sequence[Subject]) -> dict[str, Any]:
        device = self.model.device
        rows = {name: [subject.inputs[name] for subject in subjects] for name in subjects[0].inputs}
        tensors: dict[str, Any] = {name: torch.cat(parts).to(device) for name, parts in rows.items()}
        return tensors | (self.options if self._map is None else {})


def people_graphs(model: Model) -> bool:
    """Return whether the model has the graphs ``map`` and ``show``, which people between others are made with."""
    return {"map", "show"} <= model.report.graphs.keys()


def _mapping(model: Model, graph: Graph) -> Plan | None:
    """Return the plan that makes styles of latents, where the graph takes styles and the model has such a plan."""
    if "styles" not in graph.inputs:
        return None
    strange = [name for name, given in graph.inputs.items() if given.required and name not in SHOWN_FROM]
    if strange:
        given = ", ".join(SHOWN_FROM)
        raise ValueError(f"graph '{graph.name}' needs the input '{strange[0]}', and can be given {given}")
    if "map" not in model.report.graphs:
        return None
    return model.plan("map", ["styles"])


def _options(graph: Graph, given: Mapping[str, float | None]) -> dict[str, Any]:
    names = {"psi": "truncation", "cutoff": "cutoff"}
    options = {}
    for name, value in given.items():
        if value is None:
            continue
        if not math.isfinite(value):
            raise ValueError(f"{names[name]} of {value}: give a finite number")
        if name not in graph.inputs:
            raise ValueError(f"graph '{graph.name}' takes no {names[name]}: it has no input '{name}'")
        options[name] = value
    return options


def _groups(subjects: Iterable[Subject], size: int) -> Iterator[list[Subject]]:
    waiting = iter(subjects)
    while group := list(islice(waiting, size)):
        yield group
