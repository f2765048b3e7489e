"""Shows people: the first half of a graph once each, the rest once a view."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aetherist.avatars.halves import Halves
from aetherist.avatars.memory import Memory
from aetherist.graphs.model import Model

if TYPE_CHECKING:
    from aetherist.avatars.avatar import Avatar

GIVEN = {"show": ("styles", "camera", "seeds"), "field": ("styles", "points")}
"""The inputs of each graph that follow from an avatar and what is asked of it."""


class AvatarRenderer:
    """Runs the graphs ``show`` and ``field`` of a model; from several threads, too.

    Rows go one by one, so that none depends on its neighbours, whatever the components.

    Raises:
        ValueError: If the graph ``show`` needs an input that no avatar has.
    """

    def __init__(self, model: Model, memory: Memory) -> None:
        self.model = model
        self.memory = memory
        self._halves: dict[tuple[str, tuple[str, ...] | None], Halves] = {}
        self._lock = threading.Lock()
        self._half("show", None)

    def show(self, people: Sequence[Avatar], views: Tensor, outputs: tuple[str, ...]) -> Iterator[dict[str, Tensor]]:
        """Yield the outputs, a batch of one, for each avatar and its camera ``(N, 25)``."""
        halves = self._half("show", outputs)
        views = self.here(views)
        known: dict[str, Tensor] = {}
        for index, (previous, avatar) in enumerate(zip([None, *people[:-1]], people, strict=True)):
            with torch.no_grad():  # not around the yield: it would hold for whoever iterates
                if avatar is not previous:
                    known = self._known(halves, avatar)
                inputs = {"camera": views[index : index + 1]} if "camera" in halves.inputs else {}
                if "seeds" in halves.inputs:
                    inputs["seeds"] = torch.tensor([avatar.seed or 0], device=self.model.device)
                row: dict[str, Tensor] = halves.rest(**known, **inputs)
            yield row

    def feel(self, avatar: Avatar, points: Tensor) -> dict[str, Tensor]:
        """Return what the graph ``field`` says of points ``(N, 3)``, a batch of one."""
        halves = self._half("field", None)
        with torch.no_grad():
            found: dict[str, Tensor] = halves.rest(**self._known(halves, avatar), points=self.here(points)[None])
        return found

    def here(self, values: Tensor) -> Tensor:
        """Return numbers on the device, and in the precision, that the model computes in."""
        return values.to(self.model.device, self._dtype)

    def _known(self, halves: Halves, avatar: Avatar) -> dict[str, Tensor]:
        """Return what an avatar's styles determine."""

        def compute() -> dict[str, Tensor]:
            made: dict[str, Tensor] = halves.first(styles=self.here(avatar.styles)[None])
            return made

        try:
            return self.memory.recall(avatar.looks, halves.keys, compute)
        except torch.OutOfMemoryError:
            self.memory.clear()
        return self.memory.recall(avatar.looks, halves.keys, compute)

    def _half(self, graph: str, outputs: tuple[str, ...] | None) -> Halves:
        with self._lock:
            if (graph, outputs) not in self._halves:
                halves = Halves(self.model, graph, outputs)
                for name, given in self.model.report.graphs[graph].inputs.items():
                    if given.required and name in halves.inputs and name not in GIVEN[graph]:
                        raise ValueError(
                            f"graph '{graph}' of {self.model.recipe.name} needs the input '{name}'; avatars give it "
                            f"{', '.join(GIVEN[graph])}"
                        )
                self._halves[graph, outputs] = halves
            return self._halves[graph, outputs]

    @cached_property
    def _dtype(self) -> torch.dtype:
        own = (tensor.dtype for module in self.model.components.values() for tensor in module.parameters())
        return next((dtype for dtype in own if dtype.is_floating_point), torch.float32)
