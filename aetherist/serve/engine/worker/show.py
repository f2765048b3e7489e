"""Shows people of one model: rows one by one on a CPU, where that is as fast, and together on a GPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.halves import Halves
from aetherist.avatars.memory import Memory
from aetherist.avatars.model import AvatarModel
from aetherist.core.dims import Dim


@attrs.define
class Counts:
    """How often what belongs to a person alone was there already, and how often it was computed."""

    hits: int = 0
    misses: int = 0


class Show:
    """Runs the graph ``show`` of a model for many people at once.

    Args:
        model: Whose.
        memory: Where what belongs to a person alone is kept; the model's own by default.
        together: Whether rows go as one batch; by default where the model is not on a CPU. There a batch of eight costs
            eight times one of one, and rows one by one do not depend on their neighbours at all.
    """

    def __init__(self, model: AvatarModel, memory: Memory | None = None, together: bool | None = None) -> None:
        self.model = model
        self.memory = model.memory if memory is None else memory
        self.together = model.device.type != "cpu" if together is None else together
        self.counts = Counts()
        self._halves: dict[str, tuple[Halves, bool]] = {}
        self._lock = threading.Lock()
        self._dtype = next((p.dtype for p in _parameters(model) if p.dtype.is_floating_point), torch.float32)

    def known(self, avatar: Avatar, output: str) -> dict[str, Tensor]:
        """Return what an avatar's styles alone determine of an output, from memory if it is there."""
        halves, _ = self._half(output)

        def compute() -> dict[str, Tensor]:
            self.counts.misses += 1
            self.counts.hits -= 1
            made: dict[str, Tensor] = halves.first(styles=self._here(avatar.styles)[None])
            return made

        self.counts.hits += 1
        with torch.no_grad():
            try:
                return self.memory.recall(avatar.looks, halves.keys, compute)
            except torch.OutOfMemoryError:
                self.memory.clear()
            return self.memory.recall(avatar.looks, halves.keys, compute)

    def render(
        self, known: Sequence[dict[str, Tensor]], people: Sequence[Avatar], views: Tensor, output: str
    ) -> list[Tensor]:
        """Return a picture ``(C, H, W)`` of each person from its camera; ``views`` is ``(N, 25)``.

        Raises:
            torch.OutOfMemoryError: If even one row has no room.
        """
        halves, batched = self._half(output)
        views = self._here(views)
        with torch.no_grad():
            if not (self.together and batched and len(people) > 1):
                return [self._row(halves, known[i], people[i], views[i : i + 1], output) for i in range(len(people))]
            try:
                rows = {name: torch.cat([each[name] for each in known]) for name in known[0]}
                return list(halves.rest(**rows, **self._given(halves, people, views))[output])
            except torch.OutOfMemoryError:
                self.memory.clear()
            return [self._row(halves, known[i], people[i], views[i : i + 1], output) for i in range(len(people))]

    def _row(self, halves: Halves, known: dict[str, Tensor], avatar: Avatar, view: Tensor, output: str) -> Tensor:
        made: Tensor = halves.rest(**known, **self._given(halves, [avatar], view))[output]
        return made[0]

    def _given(self, halves: Halves, people: Sequence[Avatar], views: Tensor) -> dict[str, Any]:
        given: dict[str, Any] = {"camera": views} if "camera" in halves.inputs else {}
        if "seeds" in halves.inputs:
            given["seeds"] = torch.tensor([avatar.seed or 0 for avatar in people], device=self.model.device)
        return given

    def _half(self, output: str) -> tuple[Halves, bool]:
        with self._lock:
            if output not in self._halves:
                self.model.meaning(output)  # which says what is wrong with an output that is no picture
                halves = Halves(self.model.model, "show", (output,))
                self._halves[output] = (halves, _in_rows(halves))
            return self._halves[output]

    def _here(self, values: Tensor) -> Tensor:
        return values.to(self.model.device, self._dtype)


def _parameters(model: AvatarModel) -> list[Tensor]:
    return [tensor for module in model.model.components.values() for tensor in module.parameters()]


def _in_rows(halves: Halves) -> bool:
    """Whether everything that the second half is given has a row a person."""
    axes = [type_.shape.axes for type_ in halves.first.graph.output_types.values()]
    return all(
        each and isinstance(each[0], Dim) and each[0].symbol is not None and each[0].symbol.name == "B" for each in axes
    )
