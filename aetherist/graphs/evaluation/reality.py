"""The data that a model is compared with: which pictures of it, and which pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aetherist.data import ImageDataset
from aetherist.graphs.evaluation.geometry import View, angle_between, directions
from aetherist.graphs.evaluation.intervals import generator

Fits = Callable[[Tensor, Tensor], Tensor]
"""Takes two lists of numbers of pictures, returns which pairs will do."""


class Reality:
    """A data set, by people.

    Args:
        path: A folder or a zip in the layout of ``aetherist.data``.
        resolution: Pictures larger than this are reduced to it.

    Attributes:
        cameras: ``(N, 25)``.
        towards: Unit vectors towards the cameras, ``(N, 3)``.
        identities: Who is seen, ``(N,)``; every picture somebody else where the data does not say.
        known: Whether the data says.
        resolution: Of the pictures that are compared.

    Raises:
        ValueError: If the data set is malformed.
    """

    def __init__(self, path: str | Path, resolution: int) -> None:
        self.path = path
        whole = ImageDataset(path)
        self.resolution = min(resolution, whole.resolution)
        self._pictures = ImageDataset(path, self.resolution)
        self.records, self.about = whole.records, whole.about
        self.cameras = whole.cameras
        self.towards = directions(self.cameras)
        named = [record.attributes.get("identity") for record in self.records]
        self.known = None not in named
        names = {name: number for number, name in enumerate(dict.fromkeys(named))}
        numbers = [names[name] for name in named] if self.known else list(range(len(named)))
        self.identities = torch.tensor(numbers)

    def __len__(self) -> int:
        return len(self.records)

    def lacks(self, field: str) -> str | None:
        """Return what to say where not all pictures have a ``mask`` or ``depth``."""
        count = sum(getattr(record, field) is None for record in self.records)
        return f"{count} of {len(self)} pictures of the data have no {field}" if count else None

    def latents(self, size: int) -> Tensor | str:
        """Return the latents of the pictures' people, ``(N, size)``, or why there are none."""
        found = [record.attributes.get("latent") for record in self.records]
        if not all(isinstance(each, list) for each in found):
            return "the pictures of the data do not say the latents of their people (attributes.latent)"
        lengths = {len(each) for each in found if isinstance(each, list)}
        if lengths != {size}:
            said = " and ".join(map(str, sorted(lengths)))
            return f"the latents of the data have {said} numbers, and the model takes {size}: it cannot show its people"
        return torch.tensor(found)

    def spread(self, among: Tensor, seed: int, what: str) -> Tensor:
        """Return numbers of pictures in random order: one of each person, then a second of each, and so on."""
        draws = generator(seed, what)
        shuffled = among[torch.randperm(len(among), generator=draws)]
        seen: dict[int, int] = {}
        turn = []
        for person in self.identities[shuffled].tolist():
            turn.append(seen.get(person, 0))
            seen[person] = turn[-1] + 1
        return shuffled[torch.tensor(turn).sort(stable=True).indices]

    def halves(self, seed: int) -> tuple[Tensor, Tensor]:
        """Return two lists of numbers of pictures, of different people, each in the order of :meth:`spread`."""
        people = torch.unique(self.identities)
        order = people[torch.randperm(len(people), generator=generator(seed, "halves"))]
        first = torch.isin(self.identities, order[: len(order) // 2])
        parts = first.nonzero().flatten(), (~first).nonzero().flatten()
        return self.spread(parts[0], seed, "first"), self.spread(parts[1], seed, "second")

    def pairs(self, count: int, seed: int, what: str, fits: Fits) -> Tensor:
        """Draw up to ``count`` pairs of pictures, ``(n, 2)``, of one person each where the data says who is seen.

        Each person comes once before any comes twice. Where nobody is seen twice, pairs are of any two pictures: pairs
        of cameras, then.

        Args:
            count: How many at most.
            seed: Of the draws.
            what: What they are for.
            fits: Which pairs will do.
        """
        draws = generator(seed, what)
        if not self.paired:
            return self._pairs_of_cameras(count, draws, fits)
        found = []
        for person in torch.unique(self.identities):
            views = (self.identities == person).nonzero().flatten()
            both = torch.combinations(views, 2)
            both = both[fits(both[:, 0], both[:, 1])]
            found.append(both[torch.randperm(len(both), generator=draws)])
        found = [found[index] for index in torch.randperm(len(found), generator=draws).tolist()]
        rounds = max(map(len, found))
        rows = [both[turn] for turn in range(rounds) for both in found if turn < len(both)]
        return torch.stack(rows[:count]) if rows else torch.empty(0, 2, dtype=torch.int64)

    @property
    def paired(self) -> bool:
        """Whether somebody is seen twice."""
        return self.known and len(torch.unique(self.identities)) < len(self)

    def _pairs_of_cameras(self, count: int, draws: torch.Generator, fits: Fits) -> Tensor:
        rows = []
        for first in torch.randperm(len(self), generator=draws)[:count]:
            others = torch.randperm(len(self), generator=draws)
            others = others[(others != first) & fits(first.expand(len(self)), others)]
            if len(others):
                rows.append(torch.stack([first, others[0]]))
        return torch.stack(rows) if rows else torch.empty(0, 2, dtype=torch.int64)

    def apart(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the angles between the cameras of pictures, in degrees, ``(n,)``."""
        return angle_between(self.towards[first], self.towards[second])

    def pictures(self, numbers: Sequence[int] | Tensor, batch: int) -> Iterator[Tensor]:
        """Yield pictures ``(B, 3, R, R)`` in [-1, 1], a batch at a time."""
        for rows in torch.split(torch.as_tensor(numbers), batch):
            yield torch.stack([self._pictures[row]["image"] for row in rows.tolist()])

    @cached_property
    def _whole(self) -> ImageDataset:
        return ImageDataset(self.path, masks=True, depths=True)

    def views(self, numbers: Tensor, batch: int) -> Iterator[View]:
        """Yield pictures with depths and masks, at the resolution that the data has."""
        for rows in torch.split(numbers, batch):
            items: list[dict[str, Any]] = [self._whole[row] for row in rows.tolist()]
            image, depth, mask = (torch.stack([item[name] for item in items]) for name in ("image", "depth", "mask"))
            # Where a ray hits nothing the data has depth 0, whatever a mask's edge says.
            yield View(image, depth, mask * (depth > 0), self.cameras[rows])
